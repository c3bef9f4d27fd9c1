/* References that the collector does not need to know, because they cannot be part of a cycle or
 * because what holds them lives for ever. A count of the heap needs them. */
#include "hidden.h"

#include "object_versions.h"

/* Objects/dictobject.c (dict_traverse): only keys that are not strings are reported. */
static void
visit_string_keys(PyObject *dict, visitproc visit, void *argument)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (!has_string_keys(dict)) {
        return;
    }
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (visit(key, argument) != 0) {
            return;
        }
    }
}

/* Objects/codeobject.c: code objects are not collected at all. */
static void
visit_code(PyCodeObject *code, visitproc visit, void *argument)
{
    PyObject *parts[] = {code->co_consts,         code->co_names,          code->co_filename,
                         code->co_name,           code->co_qualname,       code->co_linetable,
                         code->co_exceptiontable, code->co_localsplusnames, code->co_localspluskinds};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        visit(parts[i], argument);
    }
}

/* Objects/typeobject.c (type_is_gc): classes that are C statics are not collected. */
static void
visit_static_type(PyTypeObject *type, visitproc visit, void *argument)
{
    visit(static_type_namespace(type), argument);
    visit(type->tp_mro, argument);
    visit(type->tp_bases, argument);
    visit((PyObject *)type->tp_base, argument);
}

void
visit_hidden(PyObject *object, visitproc visit, void *argument)
{
    if (PyDict_Check(object)) {
        visit_string_keys(object, visit, argument);
    }
    else if (PyCode_Check(object)) {
        visit_code((PyCodeObject *)object, visit, argument);
    }
    else if (PyType_Check(object)
             && !PyType_HasFeature((PyTypeObject *)object, Py_TPFLAGS_HEAPTYPE)) {
        visit_static_type((PyTypeObject *)object, visit, argument);
    }
}
