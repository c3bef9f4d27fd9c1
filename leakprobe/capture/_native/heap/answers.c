/* Everything that was asked for, from the graph with its retained sizes. */
#include "answers.h"

#include "newest.h"
#include "sampled.h"

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
    struct ways ways;
    struct sampled sampled = {0};
    open_ways(&ways, walk);
    want_addresses(&answers);
    want_largest(&answers);
    write_holders(&answers);
    find_sampled(&answers, &ways, &sampled);
    struct groups *newest = find_newest(&answers, &ways);
    write_paths(&answers);
    write_sampled(&answers, &sampled);
    write_groups(&answers, SECTION_HELD, newest);
    write_entries(&answers);
    write_nodes(&answers);
    close_groups(newest);
    close_ways(&ways);
}
