/* Everything that was asked for, from the graph with its retained sizes. */
#include "answers.h"

#include "groups.h"
#include "join.h"

static void
want_addresses(struct answers *answers)
{
    const struct request *request = answers->walk->request;
    for (uint32_t i = 0; i < request->address_count; i++) {
        const void *address = (const void *)(uintptr_t)request->addresses[i];
        uint32_t node = find_node(&answers->walk->graph, address);
        if (node != NO_NODE) {
            want_path(answers, node, WHY_ADDRESS);
        }
    }
}

void
write_answers(struct walk *walk)
{
    struct answers answers = {
        .walk = walk,
        .why = map_array(uint8_t, walk->graph.nodes),
        .named = map_array(uint8_t, walk->graph.nodes),
        .paths = {.size = sizeof(struct path_row)},
    };
    struct join join;
    struct groups groups;
    want_addresses(&answers);
    want_largest(&answers);
    write_holders(&answers);
    find_owners(walk, &join);
    group_owners(&answers, &join, &groups);
    write_paths(&answers);
    write_groups(&answers, &join, &groups);
    write_nodes(&answers);
}
