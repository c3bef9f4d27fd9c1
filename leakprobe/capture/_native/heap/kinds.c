/* Kinds of types: the builtin containers, and what code is made of. */
#include "containers.h"
#include "types.h"

#include <string.h>

/* collections.deque is in no header of CPython (Modules/_collectionsmodule.c), and only a class
 * made in C has a dot in its `tp_name`. */
static int
is_deque(PyTypeObject *type)
{
    return strcmp(type->tp_name, "collections.deque") == 0;
}

static enum layout
exact_layout(PyTypeObject *type)
{
    if (type == &PySet_Type) {
        return LAYOUT_SET;
    }
    if (type == &PyFrozenSet_Type) {
        return LAYOUT_FROZENSET;
    }
    return is_deque(type) ? LAYOUT_DEQUE : LAYOUT_OTHER;
}

enum layout
layout_of(PyTypeObject *type)
{
    if (PyType_HasFeature(type, Py_TPFLAGS_DICT_SUBCLASS)) {
        return LAYOUT_DICT;
    }
    if (PyType_HasFeature(type, Py_TPFLAGS_LIST_SUBCLASS)) {
        return LAYOUT_LIST;
    }
    if (PyType_HasFeature(type, Py_TPFLAGS_TUPLE_SUBCLASS)) {
        return LAYOUT_TUPLE;
    }
    /* Layouts are inherited along `tp_base` (Objects/typeobject.c: best_base). */
    enum layout layout = LAYOUT_OTHER;
    for (; type != NULL && layout == LAYOUT_OTHER; type = type->tp_base) {
        layout = exact_layout(type);
    }
    return layout;
}

int64_t
length_with(enum layout layout, PyObject *object)
{
    switch (layout) {
    case LAYOUT_DICT:
        return ((PyDictObject *)object)->ma_used;
    case LAYOUT_SET:
    case LAYOUT_FROZENSET:
        return ((PySetObject *)object)->used;
    case LAYOUT_LIST:
    case LAYOUT_TUPLE:
    case LAYOUT_DEQUE:
        return Py_SIZE(object);
    default:
        return -1;
    }
}

int64_t
length_of(PyObject *object)
{
    return length_with(layout_of(Py_TYPE(object)), object);
}

int
is_plain_container(PyTypeObject *type)
{
    return type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type
           || exact_layout(type) != LAYOUT_OTHER;
}

int
is_plumbing(PyTypeObject *type)
{
    static PyTypeObject *const plumbing[] = {
        &PyModule_Type, &PyFunction_Type, &PyCFunction_Type, &PyMethod_Type,   &PyCode_Type,
        &PyCell_Type,   &PyFrame_Type,    &PyTraceBack_Type, &PyGen_Type,      &PyCoro_Type,
        &PyAsyncGen_Type};
    if (PyType_HasFeature(type, Py_TPFLAGS_TYPE_SUBCLASS)) {
        return 1;
    }
    for (; type != NULL; type = type->tp_base) {
        for (size_t i = 0; i < sizeof plumbing / sizeof *plumbing; i++) {
            if (type == plumbing[i]) {
                return 1;
            }
        }
    }
    return 0;
}
