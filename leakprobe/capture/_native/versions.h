/* Where versions of CPython differ: the only file, with object_versions.h, that knows which field
 * holds what.
 *
 * Both extensions read structures of the interpreter that are not part of its API and change with
 * each minor version. Every such fact stands here under the file of CPython that it was taken from;
 * a version that nobody has read yet does not compile. */

#ifndef LEAKPROBE_VERSIONS_H
#define LEAKPROBE_VERSIONS_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030E0000
#error "the native core knows CPython 3.11, 3.12 and 3.13"
#endif
#ifdef Py_GIL_DISABLED
#error "the native core relies on the GIL and is not made for free-threaded builds"
#endif

/* These are CPython's own headers; their warnings are not ours to mend. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <internal/pycore_context.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_moduleobject.h>
#include <internal/pycore_object.h>
#pragma GCC diagnostic pop
#include <stdbool.h>
#include <structmember.h>

/* ---- frames and threads ---- */

typedef struct _PyInterpreterFrame InterpreterFrame;

/* The innermost frame of a thread, complete or not; NULL where it runs no Python code.
 * Include/cpython/pystate.h: 3.13 dropped `cframe`, which had come between. */
static inline InterpreterFrame *
innermost_frame(PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030D0000
    return thread->current_frame;
#else
    return thread->cframe == NULL ? NULL : thread->cframe->current_frame;
#endif
}

/* The code that a frame runs, borrowed; NULL for a frame that is no Python function's.
 *
 * Include/internal/pycore_frame.h: a frame is incomplete until its first RESUME; since 3.12 the
 * interpreter's C entry points have frames of their own (FRAME_OWNED_BY_CSTACK), whose code on 3.13
 * is None. On 3.11 a frame stays linked while `_PyFrame_Clear` gives back its code, and the death of
 * that code may run weakref callbacks: a code object without references must not be revived. */
static inline PyCodeObject *
frame_code(InterpreterFrame *frame)
{
    if (_PyFrame_IsIncomplete(frame)) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *code = frame->f_executable;
    if (!PyCode_Check(code)) {
        return NULL;
    }
#else
    PyObject *code = (PyObject *)frame->f_code;
#endif
    return Py_REFCNT(code) == 0 ? NULL : (PyCodeObject *)code;
}

/* The byte offset of the instruction that a frame is at, as `PyCode_Addr2Line` takes it. */
static inline int
frame_instruction(InterpreterFrame *frame)
{
    return _PyInterpreterFrame_LASTI(frame) * (int)sizeof(_Py_CODEUNIT);
}

/* The current thread's state; NULL where it has none. Unlike PyThreadState_Get it never aborts. */
static inline PyThreadState *
current_thread(void)
{
    return _PyThreadState_UncheckedGet();
}

/* ---- exceptions ---- */

/* An exception set aside while other API functions are called.
 * Python/errors.c: since 3.12 it is one object; before, three that PyErr_Fetch hands over. */
#if PY_VERSION_HEX >= 0x030C0000
typedef PyObject *PendingException;

static inline PendingException
set_exception_aside(void)
{
    return PyErr_GetRaisedException();
}

/* Puts it back; whatever is raised now is dropped. */
static inline void
put_exception_back(PendingException pending)
{
    PyErr_SetRaisedException(pending);
}
/* The exception that is raised, which it is no longer; a new reference. */
static inline PyObject *
take_exception(void)
{
    return PyErr_GetRaisedException();
}
#else
typedef struct {
    PyObject *type, *value, *traceback;
} PendingException;

static inline PendingException
set_exception_aside(void)
{
    PendingException pending;
    PyErr_Fetch(&pending.type, &pending.value, &pending.traceback);
    return pending;
}

/* Puts it back; whatever is raised now is dropped. */
static inline void
put_exception_back(PendingException pending)
{
    PyErr_Restore(pending.type, pending.value, pending.traceback);
}

/* The exception that is raised, which it is no longer; a new reference. */
static inline PyObject *
take_exception(void)
{
    PendingException pending = set_exception_aside();
    PyErr_NormalizeException(&pending.type, &pending.value, &pending.traceback);
    Py_XDECREF(pending.type);
    Py_XDECREF(pending.traceback);
    return pending.value;
}
#endif

/* ---- context variables ---- */

/* What a context variable holds in the current context, a new reference; NULL: nothing, or an
 * exception is set. Leaves the variable as it was.
 *
 * Python/context.c: PyContextVar_Get keeps what it found in the variable, without a reference.
 * Resetting a variable empties that cache, then allocates, then takes the value out of the context:
 * whoever asks in between, as an allocator's hook does, would leave a dead object in the cache. */
static inline PyObject *
peek_context_variable(PyObject *variable)
{
    PyContextVar *fields = (PyContextVar *)variable;
    PyObject *cached = fields->var_cached;
    uint64_t thread = fields->var_cached_tsid;
    uint64_t version = fields->var_cached_tsver;
    PyObject *value = NULL;
    int failed = PyContextVar_Get(variable, NULL, &value);
    fields->var_cached = cached;
    fields->var_cached_tsid = thread;
    fields->var_cached_tsver = version;
    return failed ? NULL : value;
}

#endif
