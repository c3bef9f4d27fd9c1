/* What containers consist of: the section ENTRIES, the types of the entries of each container that
 * was asked for by address. */
#include "answers.h"

#include "containers.h"
#include "parts.h"

#define MOST_TYPES 32

struct entry_row {
    uint32_t container, type;  /* a node; a row of TYPES */
    uint64_t objects, bytes, retained_bytes;
};

/* The rows of one container. */
struct entries {
    const struct walk *walk;
    struct rows *rows;
    uint32_t first_row;
    uint32_t container;
    uint32_t most; /* entries to look at, the newest where there is an order */
};

static struct entry_row *
row_of_type(const struct entries *entries, uint32_t type)
{
    struct entry_row *rows = entries->rows->rows;
    for (uint32_t i = entries->first_row; i < entries->rows->count; i++) {
        if (rows[i].type == type) {
            return rows + i;
        }
    }
    if (entries->rows->count - entries->first_row == MOST_TYPES) {
        return NULL;
    }
    struct entry_row *row = add_row(entries->rows);
    row->container = entries->container;
    row->type = type;
    return row;
}

static void
count_entry(const struct entries *entries, uint32_t node)
{
    const struct walk *walk = entries->walk;
    int is_own = walk->reach.state[node] == STATE_OWN;
    struct entry_row *row = is_own ? NULL : row_of_type(entries, walk->types.of_node[node]);
    if (row == NULL) {
        return;
    }
    row->objects++;
    row->bytes += walk->types.bytes_of_node[node];
    if (walk->dominator[node] == entries->container) {
        row->retained_bytes += walk->retained[node];
    }
}

/* The last ones were put in last (Objects/dictobject.c: entries are in the order of insertion). */
static void
count_values(const struct entries *entries, const PyDictObject *dict)
{
    uint32_t counted = 0;
    for (Py_ssize_t slot = key_slots(dict->ma_keys); slot-- > 0 && counted < entries->most;) {
        PyObject *value;
        (void)key_in_slot(dict->ma_keys, dict->ma_values, slot, &value);
        uint32_t node = value == NULL ? NO_NODE : find_node(&entries->walk->graph, value);
        if (node != NO_NODE) {
            counted++;
            count_entry(entries, node);
        }
    }
}

/* Objects/listobject.c (list_traverse): a list reports its last items first. */
static void
count_items(const struct entries *entries, PyObject *container)
{
    const struct graph *graph = &entries->walk->graph;
    const uint32_t *targets;
    uint32_t count = edges_of(graph, entries->container, &targets);
    for (uint32_t i = 0; i < count && i < entries->most; i++) {
        PyObject *item = graph->objects[targets[i]];
        if (item != (PyObject *)Py_TYPE(container) && item != dict_of(container)) {
            count_entry(entries, targets[i]);
        }
    }
}

static void
add_entries(const struct walk *walk, uint32_t node, struct rows *rows)
{
    PyObject *container = walk->graph.objects[node];
    enum layout layout = layout_of(Py_TYPE(container));
    struct entries entries = {walk, rows, rows->count, node, walk->request->entries};
    if (layout == LAYOUT_DICT) {
        count_values(&entries, (PyDictObject *)container);
    }
    else if (layout != LAYOUT_OTHER) {
        count_items(&entries, container);
    }
}

void
write_entries(const struct answers *answers)
{
    const struct walk *walk = answers->walk;
    struct rows rows = {.size = sizeof(struct entry_row)};
    for (uint32_t node = walk->graph.virtual_count; node < walk->graph.nodes; node++) {
        if (answers->why[node] & WHY_ADDRESS) {
            add_entries(walk, node, &rows);
        }
    }
    write_section(walk->output, SECTION_ENTRIES, rows.count, rows.rows,
                  (uint64_t)rows.count * sizeof(struct entry_row));
    drop_rows(&rows);
}
