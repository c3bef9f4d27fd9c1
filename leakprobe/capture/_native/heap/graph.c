/* The object graph: every object that the collector knows or that can be reached from there, and
 * who refers to whom. */
#include "graph.h"

#include "hidden.h"
#include "index.h"
#include "memory.h"
#include "roots.h"
#include "object_versions.h"

#define FIRST_EDGES (1u << 16)
#define FIRST_NODES (1u << 12)
/* Most references that one module's traverse may report. On CPython before 3.12.6 the one of
 * `_asyncio` follows a list of freed iterators, which somebody who kept one of them (gh-122695:
 * gc.get_referents) may have turned into a ring. */
#define MODULE_REFERENCES 65536u

/* What the visits share. The edges of a node are written while it is visited, nodes are numbered
 * as they are met. */
struct building {
    struct graph *graph;
    uint32_t node_room;
    uint64_t edge_room;
    uint32_t visits_left;
};

static void
make_node_room(struct building *building)
{
    struct graph *graph = building->graph;
    uint64_t room = building->node_room, larger = room + room / 2;
    if (larger >= NO_NODE) {
        give_up(EXIT_TOO_LARGE);
    }
    graph->objects = grow_bytes(graph->objects, room * sizeof *graph->objects,
                                larger * sizeof *graph->objects);
    graph->first = grow_bytes(graph->first, (room + 1) * sizeof *graph->first,
                              (larger + 1) * sizeof *graph->first);
    building->node_room = (uint32_t)larger;
}

static void
make_edge_room(struct building *building)
{
    struct graph *graph = building->graph;
    uint64_t room = building->edge_room, larger = room + room / 2;
    if (room >= UINT32_MAX) {
        give_up(EXIT_TOO_LARGE);
    }
    larger = larger < UINT32_MAX ? larger : UINT32_MAX;
    graph->targets = grow_bytes(graph->targets, room * sizeof *graph->targets,
                                larger * sizeof *graph->targets);
    building->edge_room = larger;
}

/* The node of an object, a new one where it has none yet. */
static uint32_t
node_of(struct building *building, PyObject *object)
{
    struct graph *graph = building->graph;
    uint32_t *slot = index_slot(graph, object);
    if (*slot != 0) {
        return *slot;
    }
    if (graph->nodes == building->node_room) {
        make_node_room(building);
    }
    uint32_t node = graph->nodes++;
    graph->objects[node] = object;
    *slot = node;
    grow_index(graph);
    return node;
}

static void
add_edge(struct building *building, uint32_t target)
{
    if (building->graph->edges == building->edge_room) {
        make_edge_room(building);
    }
    building->graph->targets[building->graph->edges++] = target;
}

/* A `visitproc`; other than 0 ends the traverse that calls it. */
static int
visit(PyObject *object, void *argument)
{
    struct building *building = argument;
    if (building->visits_left-- == 0) {
        return 1;
    }
    /* A freed object in a free list of its type has no references. */
    if (object != NULL && Py_REFCNT(object) > 0) {
        add_edge(building, node_of(building, object));
    }
    return 0;
}

/* Python/gc.c and Modules/gcmodule.c (update_refs, visit_decref): only these are traversed. */
static int
is_traversed(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return PyType_HasFeature(type, Py_TPFLAGS_HAVE_GC) && type->tp_traverse != NULL
           && (type->tp_is_gc == NULL || type->tp_is_gc(object));
}

static void
add_references(struct building *building, PyObject *object)
{
    building->visits_left = PyModule_Check(object) ? MODULE_REFERENCES : UINT32_MAX;
    if (is_traversed(object)) {
        Py_TYPE(object)->tp_traverse(object, visit, building);
    }
    building->visits_left = UINT32_MAX;
    visit_hidden(object, visit, building);
}

/* Include/internal/pycore_gc.h: two low bits of the link are flags. */
static PyGC_Head *
next_tracked(PyGC_Head *head)
{
    return (PyGC_Head *)(head->_gc_next & ~(uintptr_t)3);
}

/* The collector's list number `list`, the oldest objects first: the permanent generation
 * (gc.freeze), then from the oldest to the youngest. */
static PyGC_Head *
collector_list(PyInterpreterState *interpreter, int list)
{
    return list == 0 ? &interpreter->gc.permanent_generation.head
                     : &interpreter->gc.generations[NUM_GENERATIONS - list].head;
}

static uint32_t
count_tracked(PyInterpreterState *interpreter)
{
    uint64_t count = 0;
    for (int list = 0; list <= NUM_GENERATIONS; list++) {
        PyGC_Head *end = collector_list(interpreter, list);
        for (PyGC_Head *head = next_tracked(end); head != end; head = next_tracked(head)) {
            count++;
        }
    }
    if (count >= NO_NODE / 2) {
        give_up(EXIT_TOO_LARGE);
    }
    return (uint32_t)count;
}

static void
add_tracked(struct building *building, PyInterpreterState *interpreter)
{
    for (int list = 0; list <= NUM_GENERATIONS; list++) {
        PyGC_Head *end = collector_list(interpreter, list);
        for (PyGC_Head *head = next_tracked(end); head != end; head = next_tracked(head)) {
            node_of(building, (PyObject *)(head + 1));
        }
        if (list == 0) {
            building->graph->frozen_count = building->graph->nodes - building->graph->virtual_count;
        }
    }
}

static void
map_tables(struct building *building, uint32_t tracked)
{
    struct graph *graph = building->graph;
    /* Untracked objects, strings and numbers most of all, are about as many. */
    building->node_room = graph->virtual_count + tracked * 2 + FIRST_NODES;
    building->edge_room = (uint64_t)tracked * 4 + FIRST_EDGES;
    building->visits_left = UINT32_MAX;
    graph->objects = map_array(PyObject *, building->node_room);
    graph->first = map_array(uint32_t, (uint64_t)building->node_room + 1);
    graph->targets = map_array(uint32_t, building->edge_room);
    graph->nodes = graph->virtual_count;
    map_index(graph, building->node_room);
}

static void
add_edges(struct building *building, PyInterpreterState *interpreter)
{
    struct graph *graph = building->graph;
    for (uint32_t node = NODE_ROOT + 1; node < graph->virtual_count; node++) {
        add_edge(building, node);
    }
    for (uint32_t node = NODE_ROOT + 1; node < graph->virtual_count; node++) {
        graph->first[node] = graph->edges;
        visit_root(graph, node, interpreter, visit, building);
    }
    /* What is met on the way is added behind and comes in its turn. */
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        graph->first[node] = graph->edges;
        add_references(building, graph->objects[node]);
    }
    graph->first[graph->nodes] = graph->edges;
}

/* Gives back what the tables have too much. */
static void
fit_tables(struct building *building)
{
    struct graph *graph = building->graph;
    graph->objects = grow_bytes(graph->objects, building->node_room * sizeof *graph->objects,
                                graph->nodes * sizeof *graph->objects);
    graph->first =
        grow_bytes(graph->first, ((uint64_t)building->node_room + 1) * sizeof *graph->first,
                   ((uint64_t)graph->nodes + 1) * sizeof *graph->first);
    graph->targets = grow_bytes(graph->targets, building->edge_room * sizeof *graph->targets,
                                graph->edges * sizeof *graph->targets);
}

void
build_graph(struct graph *graph, PyInterpreterState *interpreter)
{
    struct building building = {.graph = graph};
    add_virtual_nodes(graph, interpreter);
    map_tables(&building, count_tracked(interpreter));
    add_tracked(&building, interpreter);
    graph->tracked_count = graph->nodes - graph->virtual_count;
    add_edges(&building, interpreter);
    fit_tables(&building);
}

enum node_kind
kind_of_node(const struct graph *graph, uint32_t node)
{
    if (node >= graph->virtual_count) {
        return KIND_OBJECT;
    }
    if (node < NODE_FIRST_THREAD) {
        return (enum node_kind)node;
    }
    return node < NODE_FIRST_THREAD + graph->thread_count ? KIND_THREAD : KIND_FRAME;
}
