/* Labels of edges: what each kind of holder calls what it holds. The same names, under the same
 * rule of privacy, as leakprobe/capture/referrers/labels.py gives. */
#include "labels.h"

#include "names.h"
#include "parts.h"
#include "reveal.h"

uint32_t
name_of_key(const struct walk *walk, PyObject *key)
{
    if (key != NULL && PyUnicode_CheckExact(key) && is_identifier(key)) {
        return add_unicode(walk->output, key, LONGEST_NAME);
    }
    return key != NULL && walk->request->reveal ? reveal(walk->output, key) : NO_STRING;
}

static int
has_role(struct label *label, enum role role)
{
    label->role = role;
    return 1;
}

static int
label_class(const struct edge *edge, struct label *label)
{
    return (PyObject *)Py_TYPE(edge->holder) == edge->held && has_role(label, ROLE_CLASS);
}

static int
label_part_of_module(const struct edge *edge, struct label *label)
{
    return PyModule_Check(edge->holder)
           && ((PyModuleObject *)edge->holder)->md_dict == edge->held
           && has_role(label, ROLE_NAMESPACE);
}

static int
label_part_of_class(const struct edge *edge, struct label *label)
{
    return PyType_Check(edge->holder)
           && class_namespace((PyTypeObject *)edge->holder) == edge->held
           && has_role(label, ROLE_CLASS_NAMESPACE);
}

static int
label_part_of_function(const struct edge *edge, struct label *label)
{
    if (!PyFunction_Check(edge->holder)) {
        return 0;
    }
    const PyFunctionObject *function = (PyFunctionObject *)edge->holder;
    if (edge->held == function->func_closure) {
        return has_role(label, ROLE_CLOSURE);
    }
    if (edge->held == function->func_defaults || edge->held == function->func_kwdefaults) {
        return has_role(label, ROLE_DEFAULTS);
    }
    if (edge->held == function->func_globals) {
        return has_role(label, ROLE_GLOBALS);
    }
    return edge->held == function->func_dict && has_role(label, ROLE_NAMESPACE);
}

static int
label_bound_self(const struct edge *edge, struct label *label)
{
    PyObject *self = NULL;
    if (PyMethod_Check(edge->holder)) {
        self = ((PyMethodObject *)edge->holder)->im_self;
    }
    else if (PyCFunction_Check(edge->holder)) {
        self = ((PyCFunctionObject *)edge->holder)->m_self;
    }
    return edge->held == self && has_role(label, ROLE_BOUND_SELF);
}

static int
label_cell_contents(const struct edge *edge, struct label *label)
{
    return PyCell_Check(edge->holder) && has_role(label, ROLE_CELL_CONTENTS);
}

/* The free variable of a function whose tuple of cells is the holder. Their names are the last
 * ones of the code's variables (Include/cpython/code.h). */
static int
label_cell(const struct edge *edge, struct label *label)
{
    if (!PyTuple_CheckExact(edge->holder)
        || space_of_node(edge->walk, edge->holder_node) != SPACE_CLOSURE) {
        return 0;
    }
    uint32_t owner = edge->walk->reach.parent[edge->holder_node];
    PyFunctionObject *function = (PyFunctionObject *)edge->walk->graph.objects[owner];
    PyCodeObject *code = (PyCodeObject *)function->func_code;
    Py_ssize_t first = code->co_nlocalsplus - code->co_nfreevars;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(edge->holder) && i < code->co_nfreevars; i++) {
        if (PyTuple_GET_ITEM(edge->holder, i) == edge->held) {
            PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, first + i);
            label->name = name_of_key(edge->walk, name);
            return has_role(label, ROLE_CELL);
        }
    }
    return 0;
}

int
label_variable(const struct walk *walk, InterpreterFrame *frame, PyObject *held,
               struct label *label)
{
    if (held == frame->f_locals) {
        return has_role(label, held == frame->f_globals ? ROLE_GLOBALS : ROLE_NAMESPACE);
    }
    const PyCodeObject *code = frame_code(frame);
    if (code == NULL) {
        return 0;
    }
    for (int i = 0; i < code->co_nlocalsplus; i++) {
        if (frame->localsplus[i] == held) {
            label->name = name_of_key(walk, PyTuple_GET_ITEM(code->co_localsplusnames, i));
            return has_role(label, ROLE_LOCAL);
        }
    }
    return 0;
}

static int
label_variable_of_object(const struct edge *edge, struct label *label)
{
    InterpreterFrame *frame = frame_of(edge->holder);
    return frame != NULL && label_variable(edge->walk, frame, edge->held, label);
}

static int
label_namespace(const struct edge *edge, struct label *label)
{
    int is_namespace = dict_of(edge->holder) == edge->held
                       || is_attribute_table(edge->holder, edge->held)
                       || (is_instance_of(edge->holder, "_thread._local")
                           && PyDict_CheckExact(edge->held));
    return is_namespace && has_role(label, ROLE_NAMESPACE);
}

/* Modules/_functoolsmodule.c (lru_cache_object): the cache and what is in it, and the function
 * itself, which functools.update_wrapper puts among the attributes, too. */
static int
label_cached_result(const struct edge *edge, struct label *label)
{
    if (!is_instance_of(edge->holder, "functools._lru_cache_wrapper")) {
        return 0;
    }
    if (edge->held == entry_by_text(dict_of(edge->holder), "__wrapped__")) {
        label->name = add_text(edge->walk->output, "__wrapped__");
        return has_role(label, ROLE_ATTRIBUTE);
    }
    return has_role(label, ROLE_CACHED_RESULT);
}

static void
label_object(const struct edge *edge, struct label *label)
{
    /* In this order: a class that inherits from dict has attributes as well as items. */
    static const labeller labellers[] = {
        label_class,       label_part_of_module, label_part_of_class, label_part_of_function,
        label_bound_self,  label_cell_contents,  label_cell,          label_variable_of_object,
        label_namespace,   label_cached_result,  label_task,          label_context,
        label_attribute,   label_item,
    };
    size_t count = sizeof labellers / sizeof *labellers, i = 0;
    while (i < count && !labellers[i](edge, label)) {
        i++;
    }
}

static void
label_part_of_thread(const struct walk *walk, const PyThreadState *thread, PyObject *held,
                     struct label *label)
{
    if (held == thread->context) {
        *label = (struct label){ROLE_ATTRIBUTE, add_text(walk->output, "context"), NO_INDEX};
    }
}

struct label
label_edge(const struct walk *walk, uint32_t holder, uint32_t held, int any_item)
{
    const struct graph *graph = &walk->graph;
    struct label label = {ROLE_REFERENCE, NO_STRING, NO_INDEX};
    enum node_kind kind = kind_of_node(graph, holder);
    if (held < graph->virtual_count) {
        label.role = held >= NODE_FIRST_THREAD ? ROLE_THREAD : ROLE_REFERENCE;
    }
    else if (kind == KIND_C_HELD) {
        label.role = ROLE_C_HELD;
    }
    else if (kind == KIND_INTERPRETER) {
        label.role = ROLE_NAMESPACE;
    }
    else if (kind == KIND_THREAD) {
        label_part_of_thread(walk, graph->virtuals[holder], graph->objects[held], &label);
    }
    else if (kind == KIND_FRAME) {
        label_variable(walk, graph->virtuals[holder], graph->objects[held], &label);
    }
    else if (kind == KIND_OBJECT) {
        struct edge edge = {walk, holder, graph->objects[holder], graph->objects[held], any_item};
        label_object(&edge, &label);
    }
    return label;
}
