/* The section CONTAINERS: the longest containers of the application. */
#include "containers.h"

#include "memory.h"
#include "object_versions.h"
#include "walk.h"

/* A row of CONTAINERS as output.h describes it. */
struct container_row {
    uint64_t address, length;
    uint32_t type, flags;
};

enum container_flag { FLAG_WEAK = 1 };

/* The longest so far as a binary heap: the shortest of them is the first. */
struct longest {
    struct container_row *rows;
    uint32_t count, most;
};

/* The order must not depend on chance: of two with one length the later one goes first. */
static int
is_shorter(const struct container_row *a, const struct container_row *b)
{
    return a->length != b->length ? a->length < b->length : a->address > b->address;
}

static void
sift_down(struct longest *longest, uint32_t at)
{
    struct container_row *rows = longest->rows, row = rows[at];
    for (uint32_t child = 2 * at + 1; child < longest->count; child = 2 * at + 1) {
        if (child + 1 < longest->count && is_shorter(&rows[child + 1], &rows[child])) {
            child++;
        }
        if (!is_shorter(&rows[child], &row)) {
            break;
        }
        rows[at] = rows[child];
        at = child;
    }
    rows[at] = row;
}

static void
sift_up(struct longest *longest, uint32_t at)
{
    struct container_row *rows = longest->rows, row = rows[at];
    for (; at > 0 && is_shorter(&row, &rows[(at - 1) / 2]); at = (at - 1) / 2) {
        rows[at] = rows[(at - 1) / 2];
    }
    rows[at] = row;
}

static void
offer(struct longest *longest, struct container_row row)
{
    if (longest->count < longest->most) {
        longest->rows[longest->count++] = row;
        sift_up(longest, longest->count - 1);
    }
    else if (longest->most > 0 && is_shorter(&longest->rows[0], &row)) {
        longest->rows[0] = row;
        sift_down(longest, 0);
    }
}

/* Heapsort: the longest comes first. */
static void
sort_rows(struct longest *longest)
{
    uint32_t count = longest->count;
    while (longest->count > 1) {
        struct container_row shortest = longest->rows[0];
        longest->count--;
        longest->rows[0] = longest->rows[longest->count];
        longest->rows[longest->count] = shortest;
        sift_down(longest, 0);
    }
    longest->count = count;
}

static int
is_weak_reference(PyObject *object)
{
    return PyWeakref_Check(object);
}

/* Whether the first entry is a weak reference, as those of the set or dict inside of a WeakSet,
 * WeakKeyDictionary or WeakValueDictionary are (Lib/weakref.py, Lib/_weakrefset.py). */
static int
is_weak(enum layout layout, PyObject *container)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    Py_hash_t hash;
    switch (layout) {
    case LAYOUT_DICT:
        return PyDict_Next(container, &position, &key, &value)
               && (is_weak_reference(key) || is_weak_reference(value));
    case LAYOUT_SET:
        return _PySet_NextEntry(container, &position, &key, &hash) && is_weak_reference(key);
    case LAYOUT_LIST:
        return PyList_GET_SIZE(container) > 0
               && is_weak_reference(PyList_GET_ITEM(container, 0));
    default:
        return 0;
    }
}

static void
consider(const struct walk *walk, const enum layout *layouts, uint32_t node,
         struct longest *longest)
{
    uint32_t type = walk->types.of_node[node];
    PyObject *object = walk->graph.objects[node];
    int64_t length = length_with(layouts[type], object);
    if (length < 0 || (uint64_t)length < walk->request->container_least) {
        return;
    }
    offer(longest, (struct container_row){
                       .address = (uint64_t)(uintptr_t)object,
                       .length = (uint64_t)length,
                       .type = type,
                       .flags = is_weak(layouts[type], object) ? FLAG_WEAK : 0,
                   });
}

/* Layouts by type; what cannot become longer is not listed. */
static enum layout *
list_layouts(const struct types *types)
{
    enum layout *layouts = map_array(enum layout, types->count);
    for (uint32_t i = 0; i < types->count; i++) {
        enum layout layout = layout_of(types->tallies[i].type);
        layouts[i] = layout == LAYOUT_TUPLE || layout == LAYOUT_FROZENSET ? LAYOUT_OTHER : layout;
    }
    return layouts;
}

void
write_containers(struct walk *walk)
{
    const struct graph *graph = &walk->graph;
    struct longest longest = {.most = walk->request->container_most};
    uint64_t row_bytes = (uint64_t)longest.most * sizeof *longest.rows;
    longest.rows = map_bytes(row_bytes);
    enum layout *layouts = list_layouts(&walk->types);
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        if (walk->reach.state[node] != STATE_OWN) {
            consider(walk, layouts, node, &longest);
        }
    }
    sort_rows(&longest);
    write_section(walk->output, SECTION_CONTAINERS, longest.count, longest.rows,
                  (uint64_t)longest.count * sizeof *longest.rows);
    unmap_bytes(longest.rows, row_bytes);
    unmap_bytes(layouts, (uint64_t)walk->types.count * sizeof *layouts);
}
