/* The extension module: what the middleware does to each request of the application.
 *
 * It stands in the path of every request, so nothing is done there that can be done before or
 * later. What it offers stands in _requests.pyi; everything has a reference in Python, which serves
 * where this is not built, and the same tests run over both. */

#include "memo.h"
#include "names.h"
#include "request.h"
#include "tally.h"
#include "watch.h"

#include <Python.h>

static int
execute(PyObject *module)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError, "only the main interpreter's requests are noted in C");
        return -1;
    }
    PyTypeObject *types[] = {&memo_type, &request_type, &tally_type, &watch_type};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (PyModule_AddType(module, types[i]) < 0) { /* it readies the type */
            return -1;
        }
    }
    return names_make() ? 0 : -1;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_requests",
    .m_doc = PyDoc_STR("What the middleware does to each request."),
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__requests(void)
{
    return PyModuleDef_Init(&definition);
}
