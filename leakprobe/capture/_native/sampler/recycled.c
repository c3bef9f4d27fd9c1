/* Objects made in blocks that a free list kept.
 *
 * Tuples, lists, dicts and floats are often made in the memory of one that died, and are then
 * charged to the line that first allocated it. CPython 3.13 tells of every object that is made
 * (PyRefTracer_SetTracer); before it there is no such thing, and only a walk of the heap, which
 * looks at the object in the block, tells what became of it. */

#include "recycled.h"

#include "refusal.h"
#include "sampling.h"
#include "object_versions.h"

#if PY_VERSION_HEX >= 0x030D0000

#include <dlfcn.h>

/* Most objects are of these types, which no free list keeps: to ask no further halves the cost. */
#define ALWAYS_ALLOCATED                                                                           \
    (Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS)

static int
on_event(PyObject *object, PyRefTracerEvent event, void *Py_UNUSED(data))
{
    if (event == PyRefTracer_CREATE && !(Py_TYPE(object)->tp_flags & ALWAYS_ALLOCATED)) {
        void *block = (char *)object - bytes_before(Py_TYPE(object));
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
    if (is_free(PyRefTracer_GetTracer(NULL)) && sampling_is_on()) {
        (void)PyRefTracer_SetTracer(on_event, NULL); /* cannot fail: Objects/object.c */
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

#else

void
recycled_watch(void)
{
}

void
recycled_unwatch(void)
{
}

#endif
