/* Who holds the objects of one type: some of them, spread over all, and what refers to each. */
#include "answers.h"

#include "labels.h"

#include <string.h>

#define MOST_HOLDERS 12

struct edge_row {
    uint32_t holder, held, role, name, index;
    uint32_t holders;  /* of the held one, in all */
};

struct sample {
    uint32_t node;
    uint32_t all;     /* how many hold it */
    uint32_t latest;  /* of them */
    uint32_t count;
    uint32_t holders[MOST_HOLDERS];
};

/* --- which objects --- */

/* Whether a name is the wanted one, or with `bare` ends in it after a dot. */
static int
is_wanted(const struct walk *walk, uint32_t type, int bare)
{
    size_t length, wanted = strlen(walk->request->type_name);
    const char *name = string_at(walk->output, walk->types.tallies[type].name, &length);
    if (length < wanted || memcmp(name + length - wanted, walk->request->type_name, wanted) != 0) {
        return 0;
    }
    return length == wanted || (bare && name[length - wanted - 1] == '.');
}

/* Marks the types of that name. Returns how many different names they have. */
static uint32_t
mark_types(const struct walk *walk, uint8_t *marks, int bare)
{
    uint32_t names = 0, last_name = NO_STRING;
    for (uint32_t type = 0; type < walk->types.count; type++) {
        marks[type] = (uint8_t)is_wanted(walk, type, bare);
        if (marks[type] && walk->types.tallies[type].name != last_name) {
            last_name = walk->types.tallies[type].name;
            names++;
        }
    }
    return names;
}

/* A full name, or a part of one that fits one name only. */
static int
find_types(const struct walk *walk, uint8_t *marks)
{
    return mark_types(walk, marks, 0) == 1 || mark_types(walk, marks, 1) == 1;
}

static int
is_instance(const struct walk *walk, uint32_t node, const uint8_t *marks)
{
    return marks[walk->types.of_node[node]] && walk->reach.state[node] != STATE_OWN;
}

/* Number i of n samples is the middle one of the i-th n-th of all instances. */
static void
choose_samples(const struct walk *walk, const uint8_t *marks, struct rows *samples)
{
    uint64_t instances = 0, seen = 0;
    const struct graph *graph = &walk->graph;
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        instances += (uint64_t)is_instance(walk, node, marks);
    }
    uint64_t wanted = walk->request->samples < instances ? walk->request->samples : instances;
    for (uint32_t node = graph->virtual_count; samples->count < wanted; node++) {
        if (!is_instance(walk, node, marks)) {
            continue;
        }
        if (seen++ == (2 * (uint64_t)samples->count + 1) * instances / (2 * wanted)) {
            ((struct sample *)add_row(samples))->node = node;
        }
    }
}

/* --- who holds them --- */

static struct sample *
sample_of(const struct rows *samples, uint32_t node)
{
    struct sample *rows = samples->rows;
    uint32_t low = 0, high = samples->count;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        *(rows[middle].node <= node ? &low : &high) = middle;
    }
    return rows + low;
}

/* Where a holder of a type that is not there yet may stand when all places are taken: at that of
 * one whose type is there twice. */
static uint32_t
place_to_spare(const struct sample *sample, const uint32_t *types, uint32_t type)
{
    uint32_t spare = MOST_HOLDERS;
    for (uint32_t i = 0; i < MOST_HOLDERS; i++) {
        if (types[sample->holders[i]] == type) {
            return MOST_HOLDERS;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (types[sample->holders[i]] == types[sample->holders[j]]) {
                spare = i;
            }
        }
    }
    return spare;
}

/* Holders come one after the other, each with all that it holds. */
static void
add_holder(struct sample *sample, const uint32_t *types, uint32_t holder)
{
    if (sample->all > 0 && sample->latest == holder) {
        return;
    }
    sample->latest = holder;
    sample->all++;
    uint32_t place = sample->count < MOST_HOLDERS ? sample->count++
                                                  : place_to_spare(sample, types, types[holder]);
    if (place < MOST_HOLDERS) {
        sample->holders[place] = holder;
    }
}

/* One pass over all edges. */
static void
find_holders(const struct walk *walk, const struct rows *samples)
{
    uint8_t *is_sample = map_array(uint8_t, walk->graph.nodes);
    for (uint32_t i = 0; i < samples->count; i++) {
        is_sample[((struct sample *)samples->rows)[i].node] = 1;
    }
    for (uint32_t holder = NODE_ROOT + 1; holder < walk->graph.nodes; holder++) {
        const uint32_t *targets;
        uint32_t count = edges_of(&walk->graph, holder, &targets);
        count = walk->reach.state[holder] == STATE_OWN ? 0 : count;
        for (uint32_t i = 0; i < count; i++) {
            if (is_sample[targets[i]]) {
                add_holder(sample_of(samples, targets[i]), walk->types.of_node, holder);
            }
        }
    }
    unmap_bytes(is_sample, walk->graph.nodes);
}

static void
add_edges(struct answers *answers, const struct sample *sample, struct rows *edges)
{
    want_path(answers, sample->node, WHY_TYPE);
    answers->named[sample->node] = 1;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t holder = sample->holders[i];
        struct label label = label_edge(answers->walk, holder, sample->node, 0);
        struct edge_row *edge = add_row(edges);
        *edge = (struct edge_row){.holder = holder, .held = sample->node, .role = label.role,
                                  .name = label.name, .index = label.index,
                                  .holders = sample->all};
        want_path(answers, holder, WHY_HOLDER);
        answers->named[holder] = 1;
    }
}

static void
follow_samples(struct answers *answers, const uint8_t *marks, struct rows *edges)
{
    struct rows samples = {.size = sizeof(struct sample)};
    choose_samples(answers->walk, marks, &samples);
    if (samples.count > 0) {
        find_holders(answers->walk, &samples);
    }
    for (uint32_t i = 0; i < samples.count; i++) {
        add_edges(answers, (struct sample *)samples.rows + i, edges);
    }
    drop_rows(&samples);
}

void
write_holders(struct answers *answers)
{
    const struct walk *walk = answers->walk;
    struct rows edges = {.size = sizeof(struct edge_row)};
    uint8_t *marks = map_array(uint8_t, walk->types.count);
    if (walk->request->type_name[0] != 0 && find_types(walk, marks)) {
        follow_samples(answers, marks, &edges);
    }
    write_section(walk->output, SECTION_EDGES, edges.count, edges.rows,
                  (uint64_t)edges.count * sizeof(struct edge_row));
    unmap_bytes(marks, walk->types.count);
    drop_rows(&edges);
}
