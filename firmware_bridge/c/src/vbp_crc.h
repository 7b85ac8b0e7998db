/*
 * The two checksums of VBP1: CRC-32 over every frame, CRC-16 over a stream's description.
 *
 * Both are small rather than fast: CRC-32 works on half bytes with a table of 64 bytes, CRC-16 bit by bit, since it
 * runs once per HELLO.
 */
#ifndef VBP_CRC_H
#define VBP_CRC_H

#include <stddef.h>
#include <stdint.h>

/* IEEE 802.3, reflected, start and final XOR 0xFFFFFFFF: "123456789" gives 0xCBF43926. */
uint32_t vbp_crc32(const uint8_t *bytes, size_t size);

/* CCITT-FALSE, polynomial 0x1021, start 0xFFFF: "123456789" gives 0x29B1. */
uint16_t vbp_crc16(const uint8_t *bytes, size_t size);

#endif
