/* How one object holds another: what is written on an edge. */
#ifndef LEAKPROBE_HEAP_LABELS_H
#define LEAKPROBE_HEAP_LABELS_H

#include "object_versions.h"
#include "walk.h"

struct label {
    uint32_t role;   /* enum role */
    uint32_t name;   /* a string of the output; NO_STRING */
    uint32_t index;  /* of an item; NO_INDEX */
};

/* Names that stand in code are always told, of attributes, variables and modules. Keys and
 * indexes are the application's data: only where the request reveals them. With `any_item`, one
 * item of a container is as good as another, and none is looked for. */
struct label label_edge(const struct walk *walk, uint32_t holder, uint32_t held, int any_item);

/* --- what label_edge is made of --- */

/* An edge to be labelled, between objects; `held` is compared by address only. */
struct edge {
    const struct walk *walk;
    uint32_t holder_node;
    PyObject *holder;
    PyObject *held;
    int any_item;
};

/* Each of these tells whether it knows the edge, and labels it then. */
typedef int (*labeller)(const struct edge *edge, struct label *label);

/* labels_attributes.c: slots, and attributes that are in no dict. */
int label_attribute(const struct edge *edge, struct label *label);

/* labels_items.c: of dicts, sequences and sets. */
int label_item(const struct edge *edge, struct label *label);

/* labels_asyncio.c: of tasks and futures, and of contexts, which every task has. */
int label_task(const struct edge *edge, struct label *label);
int label_context(const struct edge *edge, struct label *label);

/* A variable of a frame. */
int label_variable(const struct walk *walk, InterpreterFrame *frame, PyObject *held,
                   struct label *label);

/* A name that code could use; another key as `revealed` shows it, where the request allows. */
uint32_t name_of_key(const struct walk *walk, PyObject *key);

#endif
