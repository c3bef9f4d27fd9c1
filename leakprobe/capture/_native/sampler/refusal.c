/* Where sampling cannot be: it would race, or get into another tool's way. */

#include "refusal.h"

#include <Python.h>

bool
is_main_interpreter(void)
{
    return PyInterpreterState_Get() == PyInterpreterState_Main();
}

bool
has_sub_interpreters(void)
{
    return PyInterpreterState_Next(PyInterpreterState_Head()) != NULL;
}

/* Its flag lies in the runtime's own state, which moves with every version; its module tells too. */
int
tracemalloc_traces(void)
{
    PyObject *module = PyImport_ImportModule("_tracemalloc");
    if (module == NULL) {
        return -1;
    }
    PyObject *answer = PyObject_CallMethod(module, "is_tracing", NULL);
    Py_DECREF(module);
    int traces = answer == NULL ? -1 : PyObject_IsTrue(answer);
    Py_XDECREF(answer);
    return traces;
}

bool
refusal_reason(const char **reason)
{
    *reason = NULL;
    if (!is_main_interpreter()) {
        *reason = "this is a sub-interpreter, and only the main interpreter can be sampled";
    }
    else if (has_sub_interpreters()) {
        *reason = "there are sub-interpreters, which would allocate beside the sampler's lock";
    }
    else {
        int traces = tracemalloc_traces();
        if (traces < 0) {
            return false;
        }
        if (traces) {
            *reason = "tracemalloc is tracing; stop it first";
        }
    }
    return true;
}
