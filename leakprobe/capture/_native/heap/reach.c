/* Which root each node hangs on, by breadth-first search from one kind of root after the other. */
#include "reach.h"

#include "memory.h"
#include "text.h"
#include "object_versions.h"

#include <string.h>

/* Where an installation has leakprobe's example services, below its own files: applications. */
#define EXAMPLES "examples/"
/* Where a test's callable is called from: a frame there holds what is the test's. */
#define CALLS "testing/driving.py"
#define LONGEST_PLACE sizeof CALLS
#define LONGEST_PREFIX 4096u /* PATH_MAX of linux/limits.h */

/* What the search works on. `reached` is the queue and keeps all that it has seen. */
struct search {
    const struct graph *graph;
    struct reach *reach;
    uint32_t *reached;
    uint32_t next, count;
};

static void
reach_node(struct search *search, uint32_t node, uint32_t parent, enum node_state state)
{
    search->reach->state[node] = (uint8_t)state;
    search->reach->parent[node] = parent;
    search->reached[search->count++] = node;
}

/* Everything that the nodes in the queue lead to and that nothing before has led to. */
static void
search_on(struct search *search, enum node_state state)
{
    const uint8_t *states = search->reach->state;
    while (search->next < search->count) {
        uint32_t node = search->reached[search->next++];
        const uint32_t *targets;
        uint32_t count = edges_of(search->graph, node, &targets);
        for (uint32_t i = 0; i < count; i++) {
            if (states[targets[i]] == STATE_GARBAGE) {
                reach_node(search, targets[i], node, state);
            }
        }
    }
}

/* Whether a file begins with the prefix and then this. */
static int
lies_below(PyObject *file, const char *prefix, const char *place)
{
    char path[LONGEST_PREFIX + LONGEST_PLACE];
    size_t length = strlen(prefix);
    if (length > LONGEST_PREFIX) {
        return 0;
    }
    memcpy(path, prefix, length);
    memcpy(path + length, place, strlen(place) + 1);
    return text_begins_with(file, path);
}

static int
is_own_frame(const struct graph *graph, uint32_t node, const struct own_roots *own)
{
    if (own->file_prefix == NULL || kind_of_node(graph, node) != KIND_FRAME) {
        return 0;
    }
    PyObject *file = frame_code(graph->virtuals[node])->co_filename;
    return text_begins_with(file, own->file_prefix)
           && !(own->shared_file != NULL && text_equals(file, own->shared_file))
           && !lies_below(file, own->file_prefix, EXAMPLES)
           && !lies_below(file, own->file_prefix, CALLS);
}

/* Puts up a barrier around leakprobe's own: a node with a state is not entered. */
static void
block_own(struct search *search, const struct own_roots *own)
{
    const struct graph *graph = search->graph;
    for (uint32_t i = 0; i < own->count; i++) {
        uint32_t node = find_node(graph, (void *)(uintptr_t)own->addresses[i]);
        if (node != NO_NODE) {
            search->reach->state[node] = STATE_OWN;
        }
    }
    for (uint32_t node = NODE_FIRST_THREAD; node < graph->virtual_count; node++) {
        if (is_own_frame(graph, node, own)) {
            search->reach->state[node] = STATE_OWN;
        }
    }
}

/* The barrier's nodes are the last to be roots that are seen. */
static void
search_own(struct search *search)
{
    const uint8_t *states = search->reach->state;
    for (uint32_t node = 0; node < search->graph->nodes; node++) {
        if (states[node] == STATE_OWN) {
            uint32_t parent = node < search->graph->virtual_count ? NODE_ROOT : NO_NODE;
            reach_node(search, node, parent, STATE_OWN);
        }
    }
    search_on(search, STATE_OWN);
}

static void
search_threads(struct search *search)
{
    for (uint32_t node = NODE_FIRST_THREAD; node < search->graph->virtual_count; node++) {
        if (search->reach->state[node] == STATE_GARBAGE) {
            reach_node(search, node, NODE_ROOT, STATE_FRAME);
        }
    }
    search_on(search, STATE_FRAME);
}

static uint32_t *
count_references(const struct graph *graph)
{
    uint32_t *counts = map_array(uint32_t, graph->nodes);
    for (uint32_t i = 0; i < graph->edges; i++) {
        counts[graph->targets[i]]++;
    }
    return counts;
}

/* Modules/_functoolsmodule.c (bounded_lru_cache_wrapper): the entries of a cache are linked by
 * references that no `tp_traverse` reports, one to each. */
static int
is_link_of_cache(PyObject *object)
{
    return strcmp(Py_TYPE(object)->tp_name, "functools._lru_list_elem") == 0;
}

static int
is_held_by_c(const struct reach *reach, const uint32_t *counts, uint32_t node, PyObject *object)
{
    Py_ssize_t known = counts[node];
    if (reach->state[node] != STATE_GARBAGE || Py_REFCNT(object) <= known) {
        return 0;
    }
    return Py_REFCNT(object) > known + is_link_of_cache(object);
}

/* Roots that nobody can see: an object that no root leads to and that has more references than
 * there are edges to it is held by C code. Immortal objects (PEP 683) have such counts too. The
 * two references that the table of interned strings has are in neither number
 * (Objects/unicodeobject.c: PyUnicode_InternInPlace). */
static void
list_c_held(struct graph *graph, const struct reach *reach)
{
    uint32_t *counts = count_references(graph);
    uint32_t room = 0;
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        room += (uint32_t)is_held_by_c(reach, counts, node, graph->objects[node]);
    }
    graph->c_held = map_array(uint32_t, room);
    for (uint32_t node = graph->virtual_count; graph->c_held_count < room; node++) {
        if (is_held_by_c(reach, counts, node, graph->objects[node])) {
            graph->c_held[graph->c_held_count++] = node;
        }
    }
    unmap_bytes(counts, (uint64_t)graph->nodes * sizeof *counts);
}

void
find_reach(struct graph *graph, const struct own_roots *own, struct reach *reach)
{
    reach->state = map_array(uint8_t, graph->nodes);
    reach->parent = map_array(uint32_t, graph->nodes);
    for (uint32_t node = 0; node < graph->nodes; node++) {
        reach->parent[node] = NO_NODE;
    }
    struct search search = {.graph = graph, .reach = reach,
                            .reached = map_array(uint32_t, graph->nodes)};
    block_own(&search, own);
    reach->state[NODE_ROOT] = STATE_MODULE;
    reach_node(&search, NODE_MODULES, NODE_ROOT, STATE_MODULE);
    reach_node(&search, NODE_INTERPRETER, NODE_ROOT, STATE_MODULE);
    search_on(&search, STATE_MODULE);
    search_threads(&search);
    /* What C code holds for a moment may be leakprobe's as well: a list that is being made, an
     * argument. It must not pass for what holds leakprobe's tables. */
    search_own(&search);
    list_c_held(graph, reach);
    reach_node(&search, NODE_C_HELD, NODE_ROOT, STATE_C_HELD);
    search_on(&search, STATE_C_HELD);
    unmap_bytes(search.reached, (uint64_t)graph->nodes * sizeof *search.reached);
}
