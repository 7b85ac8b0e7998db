/*
 * Time and loss of a sensor's FIFO, which tells how many samples wait but not how many it has thrown away.
 *
 * What ran over is the samples that time says were made, less those that are there: good to the accuracy of the rate.
 */
#ifndef SENSOR_FIFO_H
#define SENSOR_FIFO_H

#include "vbp.h"

struct sensor_fifo {
    uint32_t rate_mhz;
    uint64_t emptied_us; /* when it was last known to be empty */
};

static inline uint64_t sensor_fifo_span_us(const struct sensor_fifo *fifo, uint32_t n_samples)
{
    return n_samples * UINT64_C(1000000000) / fifo->rate_mhz;
}

/* When the first of `waiting` samples was made, the last of them having come at `now_us`. */
static inline uint64_t sensor_fifo_first_us(const struct sensor_fifo *fifo, uint32_t waiting, uint64_t now_us)
{
    const uint64_t span_us = waiting == 0 ? 0 : sensor_fifo_span_us(fifo, waiting - 1);
    return span_us < now_us ? now_us - span_us : 0;
}

/* Accounts for what an overrun cost, at least one sample; `waiting` are left. */
static inline void sensor_fifo_overran(const struct sensor_fifo *fifo, struct vbp_queue *queue, uint32_t waiting,
                                       uint64_t now_us)
{
    const uint64_t made = ((now_us - fifo->emptied_us) * fifo->rate_mhz + 500000000u) / UINT64_C(1000000000);
    vbp_queue_lose(queue, made > waiting ? (uint32_t)(made - waiting) : 1, now_us);
}

#endif
