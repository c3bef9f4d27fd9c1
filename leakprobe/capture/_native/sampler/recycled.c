/* Objects made in blocks that a free list kept.
 *
 * Tuples, lists, dicts and floats are often made in the memory of one that died, and are then
 * charged to the line that first allocated it. CPython 3.13 tells of every object that is made
 * (PyRefTracer_SetTracer), which costs 2 to 3 percent of a service even where nothing is done with
 * it, and so is for a while only; before 3.13 there is no such thing. Else a walk of the heap, which
 * looks at the object in the block, tells what became of it. */

#include "recycled.h"

#include "refusal.h"
#include "sampling.h"
#include "object_versions.h"

#if PY_VERSION_HEX >= 0x030D0000

#include <dlfcn.h>
#include <limits.h>

enum { MASK_BITS = sizeof(uintptr_t) * CHAR_BIT };

static bool followed;

/* One bit for a type. Types that are static in the interpreter lie at multiples of 32, and close
 * together: one place in the mask has few of them. */
static uintptr_t
bit_of(const PyTypeObject *type)
{
    return (uintptr_t)1 << ((uintptr_t)type >> 5) % MASK_BITS;
}

/* The types that free lists of the interpreter keep in numbers (Include/internal/pycore_freelist.h
 * of 3.13), exactly these and no subclasses. What an extension keeps in a list of its own is left to
 * the walk. */
static uintptr_t
recycled_types(void)
{
    return bit_of(&PyTuple_Type) | bit_of(&PyList_Type) | bit_of(&PyDict_Type) |
           bit_of(&PyFloat_Type) | bit_of(&PyContext_Type);
}

/* Called for each object that is made and each that dies; hence the mask, which comes in a register
 * and spares most of them the look at memory that is not at hand: the type's, and the filter's. */
static int
on_event(PyObject *object, PyRefTracerEvent event, void *types)
{
    PyTypeObject *type = Py_TYPE(object);
    if (event == PyRefTracer_CREATE && UNLIKELY((uintptr_t)types & bit_of(type))) {
        void *block = (char *)object - bytes_before(type);
        if (UNLIKELY(filter_hit(block))) {
            sampling_charge_anew(block);
        }
    }
    return 0;
}

/* Whether a function is part of the interpreter itself. */
static bool
is_builtin(PyRefTracer tracer)
{
    Dl_info of_tracer, of_interpreter;
    return dladdr((void *)tracer, &of_tracer) != 0 &&
           dladdr((void *)PyRefTracer_GetTracer, &of_interpreter) != 0 &&
           of_tracer.dli_fbase == of_interpreter.dli_fbase;
}

/* Python/tracemalloc.c of 3.13.0 leaves its tracer in place when it stops; a builtin tracer that
 * nobody traces with is that one, and tracemalloc sets it again itself. Any other stays. */
static bool
is_free(PyRefTracer tracer)
{
    return tracer == NULL ||
           (tracer != on_event && is_builtin(tracer) && tracemalloc_traces() == 0);
}

void
recycled_watch(void)
{
    PendingException pending = set_exception_aside();
    if (followed && sampling_is_on() && is_free(PyRefTracer_GetTracer(NULL))) {
        /* Cannot fail: Objects/object.c. */
        (void)PyRefTracer_SetTracer(on_event, (void *)recycled_types());
    }
    put_exception_back(pending); /* whether tracemalloc traces could not be found out: no */
}

void
recycled_unwatch(void)
{
    if (PyRefTracer_GetTracer(NULL) == on_event) {
        (void)PyRefTracer_SetTracer(NULL, NULL);
    }
}

void
recycled_follow(bool wanted)
{
    followed = wanted;
    if (wanted) {
        recycled_watch();
    }
    else {
        recycled_unwatch();
    }
}

#else

void
recycled_follow(bool Py_UNUSED(wanted))
{
}

void
recycled_watch(void)
{
}

void
recycled_unwatch(void)
{
}

#endif
