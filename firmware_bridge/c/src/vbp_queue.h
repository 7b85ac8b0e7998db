/*
 * Blocks of samples between an interrupt that fills them and a sender that empties them: one producer, one consumer,
 * no locks, memory of the caller's.
 *
 * A block that finds no free place is dropped whole, the newest first, and counted. Every block carries the accounts as
 * they stood when it was closed, so the sender never reads a counter that the interrupt is writing.
 */
#ifndef VBP_QUEUE_H
#define VBP_QUEUE_H

#include "vbp_wire.h"

/* Loads and stores of one byte, ordered against the blocks they publish. The builtins are plain moves on a
 * single-core Cortex-M, and fences where two cores share the queue (RP2040). */
#ifndef VBP_LOAD
#define VBP_LOAD(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)
#define VBP_STORE(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)
#endif

/* Bytes that one block needs: room for header and CRC, so that it is framed where it lies; a multiple of 4, so that
 * samples of an aligned buffer stay aligned. */
#define VBP_BLOCK_BYTES(n_samples, n_axes, format) \
    ((VBP_DATA_BYTES + (size_t)(n_samples) * (n_axes) * ((format) + 1u) + VBP_CRC_BYTES + 3u) & ~(size_t)3u)

struct vbp_accounts {
    uint64_t produced; /* samples since the session began; the index of the next one */
    uint64_t t_us;     /* when these were counted */
    uint64_t dropped_fifo;
    uint64_t dropped_queue;
};

struct vbp_block {
    struct vbp_accounts accounts; /* after this block */
    uint64_t sample_index;
    uint64_t t_us;
    uint16_t n_samples;
    uint8_t flags;
};

struct vbp_queue {
    struct vbp_block *blocks; /* n_slots of them */
    uint8_t *bodies;          /* n_slots * block_bytes */
    size_t block_bytes;
    uint16_t block_samples;
    uint8_t sample_bytes; /* of all axes together */
    uint8_t n_slots;      /* 2 to 255; one is always open to the producer, the others can wait */

    /* The producer's: nobody else may look. */
    struct vbp_accounts accounts;
    uint8_t flags; /* for the block that is open */

    /* Shared, each written by one side. */
    uint8_t open;        /* slot that the producer fills */
    uint8_t front;       /* slot that the consumer reads next */
    uint8_t high_slots;  /* most blocks that ever waited; written by the producer */
    uint32_t bus_errors; /* written by the producer */
};

/* Lays out a queue over the caller's memory: `blocks` has n_slots entries, `bodies` n_slots times VBP_BLOCK_BYTES. */
void vbp_queue_init(struct vbp_queue *queue, struct vbp_block *blocks, uint8_t *bodies, uint8_t n_slots,
                    uint16_t block_samples, uint8_t n_axes, enum vbp_format format);

/* ---- producer: interrupt or sampling task ---- */

/* Where the next samples go, and how many fit there; never NULL and never 0, also when the queue is full. */
uint8_t *vbp_queue_place(struct vbp_queue *queue);
uint16_t vbp_queue_room(const struct vbp_queue *queue);

/* `n_samples` (at most the room) now lie at the place. `first_us` is the time of the first of them, `now_us` when they
 * were read; VBP_NO_TIME where there is no clock. A full block is closed: queued, or dropped and counted. */
void vbp_queue_add(struct vbp_queue *queue, uint16_t n_samples, uint64_t first_us, uint64_t now_us);

/* The sensor's FIFO lost `n_samples` (at least 1) before those that come next. */
void vbp_queue_lose(struct vbp_queue *queue, uint32_t n_samples, uint64_t now_us);

/* Closes a block before it is full: at the end of a measurement, before a change of settings. */
void vbp_queue_flush(struct vbp_queue *queue);

/* Sets flags (VBP_HW_TIME, VBP_SELF_TEST, VBP_BUS_REPAIRED) of the block that is open. */
void vbp_queue_flag(struct vbp_queue *queue, uint8_t flags);

/* A transfer on the sensor's bus failed. */
void vbp_queue_bus_error(struct vbp_queue *queue);

/* ---- consumer: main loop or sending task ---- */

/* The oldest block that waits, NULL where none does; `body` is then where its frame lies. */
const struct vbp_block *vbp_queue_front(const struct vbp_queue *queue, uint8_t **body);

/* Frees the place of the oldest block. */
void vbp_queue_pop(struct vbp_queue *queue);

uint32_t vbp_queue_high_bytes(const struct vbp_queue *queue);

#endif
