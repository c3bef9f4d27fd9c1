/* The shortest ways to what was asked for: PATHS and STEPS. */
#include "answers.h"

#include "labels.h"

/* Of a longer way only the end is told. */
#define MOST_STEPS 64

struct step_row {
    uint32_t holder, role, name, index;
};

/* The nodes on the way to a node, it itself first, then upwards; at most `MOST_STEPS` ones above
 * it, of a longer way one less. Returns how many steps these are. */
static uint32_t
climb(const struct walk *walk, uint32_t node, uint32_t way[MOST_STEPS + 1])
{
    uint32_t steps = 0;
    way[0] = node;
    while (steps < MOST_STEPS && walk->reach.parent[way[steps]] != NO_NODE) {
        way[steps + 1] = walk->reach.parent[way[steps]];
        steps++;
    }
    int is_longer = steps == MOST_STEPS && walk->reach.parent[way[steps]] != NO_NODE;
    return is_longer ? steps - 1 : steps;
}

static void
add_path(struct answers *answers, uint32_t node, struct rows *steps)
{
    uint32_t way[MOST_STEPS + 1];
    uint32_t count = climb(answers->walk, node, way);
    struct path_row *path = add_row(&answers->paths);
    *path = (struct path_row){node, answers->why[node], steps->count, count};
    answers->named[node] = 1;
    for (uint32_t i = count; i > 0; i--) {
        struct label label = label_edge(answers->walk, way[i], way[i - 1], 0);
        struct step_row *step = add_row(steps);
        *step = (struct step_row){way[i], label.role, label.name, label.index};
        answers->named[way[i]] = 1;
    }
}

/* What dominates a node is told with it: that is where it could be let go of. */
static void
name_dominator(struct answers *answers, uint32_t node)
{
    uint32_t dominator = answers->walk->dominator[node];
    if (dominator != NO_NODE) {
        answers->named[dominator] = 1;
    }
}

void
write_paths(struct answers *answers)
{
    const struct walk *walk = answers->walk;
    struct rows steps = {.size = sizeof(struct step_row)};
    for (uint32_t node = 0; node < walk->graph.nodes; node++) {
        if (answers->why[node] != 0) {
            add_path(answers, node, &steps);
            name_dominator(answers, node);
        }
    }
    write_section(walk->output, SECTION_PATHS, answers->paths.count, answers->paths.rows,
                  (uint64_t)answers->paths.count * sizeof(struct path_row));
    write_section(walk->output, SECTION_STEPS, steps.count, steps.rows,
                  (uint64_t)steps.count * sizeof(struct step_row));
    drop_rows(&steps);
}

uint32_t
find_path(const struct answers *answers, uint32_t node)
{
    const struct path_row *rows = answers->paths.rows;
    uint32_t low = 0, high = answers->paths.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows[middle].node < node) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < answers->paths.count && rows[low].node == node ? low : UINT32_MAX;
}
