/* The Python module `_heap`: its functions and the types of what they return. */
#define _GNU_SOURCE
#include "module.h"

#include "object_versions.h"

#include <errno.h>
#include <structseq.h>

PyObject *
named_tuple(PyTypeObject *type, PyObject *values)
{
    if (values == NULL) {
        return NULL;
    }
    PyObject *named = PyObject_CallOneArg((PyObject *)type, values);
    Py_DECREF(values);
    return named;
}

PyObject *
raise_errno(int error)
{
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *
ended_tuple(PyTypeObject *type, const struct ended *ended)
{
    PyObject *exit_code = ended->exit_code < 0 ? Py_NewRef(Py_None)
                                               : PyLong_FromLong(ended->exit_code);
    PyObject *signal = ended->signal == 0 ? Py_NewRef(Py_None) : PyLong_FromLong(ended->signal);
    return named_tuple(type, Py_BuildValue("(NNKK)", exit_code, signal,
                                           (unsigned long long)ended->cpu_ns,
                                           (unsigned long long)ended->peak_rss_bytes));
}

/* Waits without the GIL; a signal handler of the application may raise in between. */
static int
wait_politely(pid_t pid, struct ended *ended)
{
    int error;
    do {
        Py_BEGIN_ALLOW_THREADS
        error = wait_for_child(pid, ended);
        Py_END_ALLOW_THREADS
    } while (error == EINTR && PyErr_CheckSignals() == 0);
    if (error != 0 && !PyErr_Occurred()) {
        raise_errno(error);
    }
    return error == 0 ? 0 : -1;
}

PyObject *
reap(PyObject *module, PyObject *argument)
{
    struct module_state *state = PyModule_GetState(module);
    struct ended ended;
    long pid = PyLong_AsLong(argument);
    if (pid == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (pid <= 0 || pid > INT32_MAX) { /* 0 and below mean groups of children to wait4(2) */
        PyErr_Format(PyExc_ValueError, "%ld is no process id", pid);
        return NULL;
    }
    return wait_politely((pid_t)pid, &ended) < 0 ? NULL : ended_tuple(state->ended_type, &ended);
}

static PyStructSequence_Field child_fields[] = {
    {"pid", NULL}, {"process", NULL}, {"result", NULL}, {"pause_ns", NULL}, {NULL, NULL}};
static PyStructSequence_Desc child_description = {
    "leakprobe.capture._native._heap.Child", "A walk that runs.", child_fields, 4};

static PyStructSequence_Field ended_fields[] = {
    {"exit_code", NULL}, {"signal", NULL}, {"cpu_ns", NULL}, {"peak_rss_bytes", NULL},
    {NULL, NULL}};
static PyStructSequence_Desc ended_description = {
    "leakprobe.capture._native._heap.Ended", "How a walk ended.", ended_fields, 4};

static int
prepare(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    state->child_type = PyStructSequence_NewType(&child_description);
    state->ended_type = PyStructSequence_NewType(&ended_description);
    if (state->child_type == NULL || state->ended_type == NULL
        || PyModule_AddType(module, state->child_type) < 0) {
        return -1;
    }
    return PyModule_AddType(module, state->ended_type);
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    struct module_state *state = PyModule_GetState(module);
    Py_VISIT(state->child_type);
    Py_VISIT(state->ended_type);
    return 0;
}

static int
clear(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->child_type);
    Py_CLEAR(state->ended_type);
    return 0;
}

static void
release(void *module)
{
    (void)clear(module);
}

static PyMethodDef functions[] = {
    {"spawn", (PyCFunction)(void (*)(void))spawn, METH_VARARGS | METH_KEYWORDS,
     "Clone the process and let the child walk the heap."},
    {"reap", reap, METH_O, "Wait for the end of a walk."},
    {"immediate_dominators", dominators_of, METH_VARARGS,
     "Immediate dominators of a graph in CSR form, from node 0."},
    {NULL, NULL, 0, NULL}};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_heap",
    .m_doc = "The heap walk in a copy of the process.",
    .m_size = sizeof(struct module_state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit__heap(void)
{
    return PyModuleDef_Init(&definition);
}
