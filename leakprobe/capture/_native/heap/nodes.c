/* The section NODES: what is to be known of each node that another section names. */
#include "answers.h"

#include "containers.h"
#include "titles.h"

struct node_row {
    uint32_t node, kind, type, title, thing, state;
    int64_t length;
    uint64_t address, bytes, retained_bytes;
    uint32_t dominator, limit;
};

/* That of an object; of a thread its identifier, as `threading.get_ident` gives it. */
static uint64_t
address_of(const struct graph *graph, uint32_t node, enum node_kind kind)
{
    if (kind == KIND_THREAD) {
        return ((PyThreadState *)graph->virtuals[node])->thread_id;
    }
    return kind == KIND_OBJECT ? (uint64_t)(uintptr_t)graph->objects[node] : 0;
}

static struct node_row
describe(const struct walk *walk, uint32_t node)
{
    enum node_kind kind = kind_of_node(&walk->graph, node);
    return (struct node_row){
        .node = node,
        .kind = kind,
        .type = walk->types.of_node[node],
        .title = title_of(walk, node),
        .thing = thing_of(walk, node),
        .state = walk->reach.state[node],
        .length = kind == KIND_OBJECT ? length_of(walk->graph.objects[node]) : -1,
        .address = address_of(&walk->graph, node, kind),
        .bytes = walk->types.bytes_of_node[node],
        .retained_bytes = walk->retained[node],
        .dominator = walk->dominator[node],
        .limit = kind == KIND_OBJECT ? limit_of(walk, node) : 0,
    };
}

void
write_nodes(const struct answers *answers)
{
    const struct walk *walk = answers->walk;
    struct rows rows = {.size = sizeof(struct node_row)};
    for (uint32_t node = 0; node < walk->graph.nodes; node++) {
        if (answers->named[node]) {
            struct node_row *row = add_row(&rows);
            *row = describe(walk, node);
        }
    }
    write_section(walk->output, SECTION_NODES, rows.count, rows.rows,
                  (uint64_t)rows.count * sizeof(struct node_row));
    drop_rows(&rows);
}
