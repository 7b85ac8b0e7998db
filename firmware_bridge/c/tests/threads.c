/*
 * The queue between two threads that run at once, for ThreadSanitizer: no lock, no torn block, no sample unaccounted.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "check.h"
#include "vbp.h"

#define SLOTS 5u
#define BLOCK 8u
#ifndef SAMPLES
#define SAMPLES 400000u
#endif

int checks_made;
int checks_failed;

static struct vbp_block blocks[SLOTS];
static uint8_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK, 1u, VBP_I16)];
static struct vbp_queue queue;
static atomic_bool finished;

static void *produce(void *unused)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        const uint64_t index = queue.accounts.produced;
        uint8_t *place = vbp_queue_place(&queue);
        place[0] = (uint8_t)index;
        place[1] = (uint8_t)(index >> 8);
        vbp_queue_add(&queue, 1, index, index);
        if (i % 32 == 0) {
            sched_yield(); /* let the queue run empty as well as over */
        }
        if (i % 1000 == 0) {
            vbp_queue_lose(&queue, 3, index);
        }
    }
    vbp_queue_flush(&queue);
    finished = true;
    return unused;
}

static uint64_t take_block(void)
{
    uint8_t *body = NULL;
    const struct vbp_block *block = vbp_queue_front(&queue, &body);
    if (block == NULL) {
        return 0;
    }
    const uint16_t n_samples = block->n_samples;
    for (unsigned i = 0; i < n_samples; i++) {
        const uint8_t *sample = body + VBP_DATA_BYTES + 2 * i;
        CHECK((sample[0] | sample[1] << 8) == (uint16_t)(block->sample_index + i));
    }
    CHECK(block->accounts.produced == block->sample_index + n_samples);
    vbp_queue_pop(&queue);
    return n_samples;
}

int main(void)
{
    pthread_t producer;
    uint64_t received = 0;
    vbp_queue_init(&queue, blocks, bodies, SLOTS, BLOCK, 1, VBP_I16);
    if (pthread_create(&producer, NULL, produce, NULL) != 0) {
        return 1;
    }
    while (!finished) {
        received += take_block();
    }
    pthread_join(producer, NULL);
    for (unsigned i = 0; i < SLOTS; i++) {
        received += take_block();
    }
    const struct vbp_accounts *accounts = &queue.accounts;
    CHECK(accounts->produced == received + accounts->dropped_fifo + accounts->dropped_queue);
    CHECK(received != 0);
    printf("%u of %u samples through, %d checks, %d failed\n", (unsigned)received, SAMPLES, checks_made, checks_failed);
    return checks_failed != 0;
}
