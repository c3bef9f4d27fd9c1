/* The object graph of the process, as the child sees it: nodes and edges, nothing judged. */
#ifndef LEAKPROBE_HEAP_GRAPH_H
#define LEAKPROBE_HEAP_GRAPH_H

#include <Python.h>
#include <stdint.h>

#define NO_NODE UINT32_MAX

/* Nodes that are no objects come first, and all that hold anything are roots. */
enum virtual_node {
    NODE_ROOT = 0,        /* holds all other virtual nodes */
    NODE_MODULES = 1,     /* sys.modules: the one dict */
    NODE_INTERPRETER = 2, /* builtins, sysdict */
    NODE_C_HELD = 3,      /* what has more references than edges: C code holds it */
    NODE_FIRST_THREAD = 4 /* one for each thread state, then one for each frame that runs */
};

enum node_kind { KIND_ROOT, KIND_MODULES, KIND_INTERPRETER, KIND_C_HELD, KIND_THREAD, KIND_FRAME,
                 KIND_OBJECT };

struct graph {
    /* By node. A virtual node has NULL here, and what it stands for in `virtuals`. */
    PyObject **objects;
    /* Thread states and frames by virtual node; NULL below NODE_FIRST_THREAD. */
    void **virtuals;
    uint32_t nodes;
    uint32_t virtual_count;  /* objects are the nodes from here on */
    uint32_t thread_count;   /* NODE_FIRST_THREAD .. NODE_FIRST_THREAD + thread_count - 1 */
    uint32_t tracked_count;  /* the first so many objects came from the collector's lists */
    uint32_t frozen_count;   /* of these the first, from the permanent generation (gc.freeze) */
    /* Edges of node n: targets[first[n]] .. targets[first[n + 1] - 1]. A reference that is
     * there twice stands there twice. NODE_C_HELD has its own list, filled by `reach`. */
    uint32_t *first;
    uint32_t *targets;
    uint32_t edges;
    uint32_t *c_held;        /* the targets of NODE_C_HELD */
    uint32_t c_held_count;
    /* From addresses to nodes: see index.h. */
    uint32_t *index;
    uint32_t index_mask;     /* slots less one: a power of two */
    uint32_t index_limit;    /* it grows at so many nodes */
};

/* Everything that can be reached. `interpreter` is the one that the caller runs in. */
void build_graph(struct graph *graph, PyInterpreterState *interpreter);

/* The node of an object, or NO_NODE. */
uint32_t find_node(const struct graph *graph, const void *address);

enum node_kind kind_of_node(const struct graph *graph, uint32_t node);

/* The edges of any node, NODE_C_HELD included. */
static inline uint32_t
edges_of(const struct graph *graph, uint32_t node, const uint32_t **targets)
{
    if (node == NODE_C_HELD) {
        *targets = graph->c_held;
        return graph->c_held_count;
    }
    *targets = graph->targets + graph->first[node];
    return graph->first[node + 1] - graph->first[node];
}

#endif
