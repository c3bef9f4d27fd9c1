/* One walk from its beginning to its end, and the section TOTALS. */
#define _GNU_SOURCE
#include "walk.h"

#include "clock.h"
#include "interpreter_memory.h"
#include "memory.h"

#include <unistd.h>

/* Nanoseconds since the last call. */
static uint64_t
lap(uint64_t *last)
{
    uint64_t now = now_ns(), took = now - *last;
    *last = now;
    return took;
}

static void
sum_tallies(const struct types *types, uint64_t *totals)
{
    for (uint32_t i = 0; i < types->count; i++) {
        const struct type_tally *tally = &types->tallies[i];
        totals[TOTAL_OBJECTS] += tally->objects;
        totals[TOTAL_BYTES] += tally->bytes;
        totals[TOTAL_C_HELD_OBJECTS] += tally->c_held_objects;
        totals[TOTAL_C_HELD_BYTES] += tally->c_held_bytes;
        totals[TOTAL_GARBAGE_OBJECTS] += tally->garbage_objects;
        totals[TOTAL_GARBAGE_BYTES] += tally->garbage_bytes;
    }
}

static void
sum_own(const struct walk *walk, uint64_t *totals)
{
    for (uint32_t node = walk->graph.virtual_count; node < walk->graph.nodes; node++) {
        if (walk->reach.state[node] == STATE_OWN) {
            totals[TOTAL_OWN_OBJECTS]++;
            totals[TOTAL_OWN_BYTES] += walk->types.bytes_of_node[node];
        }
    }
}

static void
write_totals(const struct walk *walk, uint64_t *totals)
{
    const struct graph *graph = &walk->graph;
    sum_tallies(&walk->types, totals);
    sum_own(walk, totals);
    totals[TOTAL_TRACKED] = graph->tracked_count;
    totals[TOTAL_FROZEN_OBJECTS] = graph->frozen_count;
    totals[TOTAL_EDGES] = graph->edges;
    totals[TOTAL_THREADS] = graph->thread_count;
    totals[TOTAL_FRAMES] = graph->virtual_count - NODE_FIRST_THREAD - graph->thread_count;
    totals[TOTAL_MAPPED_BYTES] = mapped_bytes();
    write_section(walk->output, SECTION_TOTALS, TOTALS, totals, TOTALS * sizeof *totals);
}

_Noreturn void
run_walk(const struct request *request, PyInterpreterState *interpreter, int descriptor)
{
    struct walk walk = {.request = request};
    uint64_t totals[TOTALS] = {0}, clock = now_ns();
    set_memory_budget(request->memory_budget);
    replace_allocators();
    walk.output = open_output(descriptor);
    build_graph(&walk.graph, interpreter);
    totals[TOTAL_GRAPH_NS] = lap(&clock);
    find_reach(&walk.graph, &request->own, &walk.reach);
    totals[TOTAL_REACH_NS] = lap(&clock);
    count_types(&walk.graph, &walk.reach, &walk.types, walk.output);
    totals[TOTAL_TYPES_NS] = lap(&clock);
    find_retained(&walk);
    totals[TOTAL_DOMINATORS_NS] = lap(&clock);
    write_types(&walk.types, walk.output);
    write_containers(&walk);
    write_answers(&walk);
    totals[TOTAL_REST_NS] = lap(&clock);
    write_totals(&walk, totals);
    close_output(walk.output);
    _exit(EXIT_DONE);
}
