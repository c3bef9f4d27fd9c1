/* Parts of objects, found in their structures. */
#include "parts.h"

#include "names.h"
#include "text.h"

#include <string.h>

PyObject *
dict_of(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        return managed_dict(object);
    }
    Py_ssize_t offset = type->tp_dictoffset;
    if (offset < 0) {
        /* Objects/object.c (_PyObject_ComputedDictPointer): counted from the end of an object
         * whose size varies, which is aligned. */
        Py_ssize_t items = Py_SIZE(object);
        offset += _PyObject_VAR_SIZE(type, items < 0 ? -items : items);
    }
    return offset > 0 ? *(PyObject **)((char *)object + offset) : NULL;
}

PyObject *
class_namespace(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? type->tp_dict
                                                        : static_type_namespace(type);
}

InterpreterFrame *
frame_of(PyObject *object)
{
    if (PyFrame_Check(object)) {
        return ((PyFrameObject *)object)->f_frame;
    }
    if (PyGen_CheckExact(object) || PyCoro_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
        return generator_frame(object);
    }
    return NULL;
}

int
is_instance_of(PyObject *object, const char *static_name)
{
    for (PyTypeObject *type = Py_TYPE(object); type != NULL; type = type->tp_base) {
        if (strcmp(type->tp_name, static_name) == 0) {
            return 1;
        }
    }
    return 0;
}

int
is_class(PyTypeObject *type, const char *module, const char *name)
{
    return strcmp(type->tp_name, name) == 0
           && (module == NULL
               || text_equals(entry_by_text(type->tp_dict, "__module__"), module));
}

int
is_attribute_table(PyObject *holder, PyObject *part)
{
    return PyDict_CheckExact(part) && part != dict_of(holder)
           && is_class(Py_TYPE(holder), "starlette.datastructures", "State");
}

static enum space
space_in_frame(InterpreterFrame *frame, PyObject *part)
{
    if (part == NULL || part != frame->f_locals) {
        return SPACE_NONE;
    }
    return part == frame->f_globals ? SPACE_MODULE : SPACE_LOCALS;
}

static enum space
space_in_function(PyFunctionObject *function, PyObject *part)
{
    if (part == function->func_globals || part == function->func_builtins) {
        return SPACE_MODULE;
    }
    if (part == function->func_closure) {
        return SPACE_CLOSURE;
    }
    return part == function->func_dict ? SPACE_INSTANCE : SPACE_NONE;
}

static enum space
space_in_object(PyObject *holder, PyObject *part)
{
    if (PyFunction_Check(holder)) {
        return space_in_function((PyFunctionObject *)holder, part);
    }
    if (!PyDict_Check(part)) {
        return SPACE_NONE;
    }
    if (PyModule_Check(holder) && part == ((PyModuleObject *)holder)->md_dict) {
        return SPACE_MODULE;
    }
    if (PyType_Check(holder)) {
        return part == class_namespace((PyTypeObject *)holder) ? SPACE_CLASS : SPACE_NONE;
    }
    if (is_instance_of(holder, "_thread._local")) {
        return SPACE_THREADS;
    }
    InterpreterFrame *frame = frame_of(holder);
    if (frame != NULL) {
        return space_in_frame(frame, part);
    }
    int is_namespace = part == dict_of(holder) || is_attribute_table(holder, part);
    return is_namespace ? SPACE_INSTANCE : SPACE_NONE;
}

/* Whether a dict stands in the dict of a threading.local. */
static int
is_of_thread(const struct walk *walk, uint32_t node)
{
    uint32_t threads = walk->reach.parent[node];
    uint32_t local = threads == NO_NODE ? NO_NODE : walk->reach.parent[threads];
    return local != NO_NODE && local >= walk->graph.virtual_count
           && PyDict_Check(walk->graph.objects[threads])
           && is_instance_of(walk->graph.objects[local], "_thread._local");
}

enum space
space_of_node(const struct walk *walk, uint32_t node)
{
    const struct graph *graph = &walk->graph;
    uint32_t holder = walk->reach.parent[node];
    if (holder == NO_NODE || node < graph->virtual_count) {
        return SPACE_NONE;
    }
    PyObject *part = graph->objects[node];
    if (!PyDict_Check(part) && !PyTuple_CheckExact(part)) {
        return SPACE_NONE;
    }
    switch (kind_of_node(graph, holder)) {
    case KIND_MODULES:
        return SPACE_MODULES;
    case KIND_INTERPRETER:
        return SPACE_MODULE;
    case KIND_FRAME:
        return space_in_frame(graph->virtuals[holder], part);
    case KIND_OBJECT:
        if (PyDict_Check(part) && is_of_thread(walk, node)) {
            return SPACE_INSTANCE;
        }
        return space_in_object(graph->objects[holder], part);
    default:
        return SPACE_NONE;
    }
}
