/* What runs in asyncio: tasks and futures, whose fields no descriptor shows, and contexts, whose
 * values stand in a tree of hashes. */
#include "labels.h"

#include "names.h"
#include "parts.h"

#include <string.h>

/* --- tasks and futures --- */

static int
has_name(const struct edge *edge, struct label *label, const char *name)
{
    *label = (struct label){ROLE_ATTRIBUTE, add_text(edge->walk->output, name), NO_INDEX};
    return 1;
}

/* Under the names that the classes in Python have for these fields (Lib/asyncio/futures.py). */
static const char *
future_field_name(const FutureFields *future, PyObject *held)
{
    if (held == future->loop) {
        return "_loop";
    }
    if (held == future->first_callback || held == future->callbacks) {
        return "_callbacks";
    }
    if (held == future->first_context) {
        return "_context";
    }
    if (held == future->exception) {
        return "_exception";
    }
    return held == future->result ? "_result" : NULL;
}

/* Lib/asyncio/tasks.py has the names. */
static const char *
task_field_name(PyObject *held)
{
    if (PyCoro_CheckExact(held) || PyGen_CheckExact(held)) {
        return "_coro";
    }
    if (PyContext_CheckExact(held)) {
        return "_context";
    }
    int is_future = is_instance_of(held, "_asyncio.Future")
                    || is_instance_of(held, "_asyncio.Task");
    return is_future ? "_fut_waiter" : NULL;
}

int
label_task(const struct edge *edge, struct label *label)
{
    /* Modules/_asynciomodule.c: what a loop calls to go on with a task. */
    if (is_instance_of(edge->holder, "TaskStepMethWrapper")) {
        label->role = is_instance_of(edge->held, "_asyncio.Task") ? ROLE_BOUND_SELF
                                                                  : ROLE_REFERENCE;
        return 1;
    }
    int is_task = is_instance_of(edge->holder, "_asyncio.Task");
    if (!is_task && !is_instance_of(edge->holder, "_asyncio.Future")) {
        return 0;
    }
    const char *name = future_field_name((FutureFields *)edge->holder, edge->held);
    if (name == NULL) {
        name = is_task ? task_field_name(edge->held) : NULL;
    }
    return name != NULL && has_name(edge, label, name);
}

/* --- contexts --- */

/* Python/hamt.c: the table, and the nodes of its tree. */
static int
is_table(PyObject *object)
{
    return strncmp(Py_TYPE(object)->tp_name, "hamt", 4) == 0;
}

/* A node reports, from its last entry to its first, each value and then its key
 * (Python/hamt.c: hamt_node_bitmap_traverse). */
static PyObject *
variable_of(const struct edge *edge)
{
    const struct graph *graph = &edge->walk->graph;
    const uint32_t *targets;
    uint32_t count = edges_of(graph, edge->holder_node, &targets);
    for (uint32_t i = 0; i + 1 < count; i++) {
        PyObject *next = graph->objects[targets[i + 1]];
        if (graph->objects[targets[i]] == edge->held && PyContextVar_CheckExact(next)) {
            return ((PyContextVar *)next)->var_name;
        }
    }
    return NULL;
}

int
label_context(const struct edge *edge, struct label *label)
{
    if (PyContextVar_CheckExact(edge->holder)) {
        return edge->held == ((PyContextVar *)edge->holder)->var_default
               && has_name(edge, label, "default");
    }
    if (!is_table(edge->holder) && !PyContext_CheckExact(edge->holder)) {
        return 0;
    }
    if (is_table(edge->held)) {
        label->role = ROLE_CONTEXT_PART;
    }
    else if (is_table(edge->holder)) {
        PyObject *name = variable_of(edge);
        label->role = name == NULL ? ROLE_REFERENCE : ROLE_CONTEXT_VARIABLE;
        label->name = name_of_key(edge->walk, name);
    }
    return 1;
}
