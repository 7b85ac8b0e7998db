/*
 * A test is a function; CHECK counts what does not hold and says where, on a host and on an emulated core alike.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

extern int checks_made;
extern int checks_failed;

#define CHECK(condition) CHECK_OF("", condition)

/* `name` tells which vector or round it was. */
#define CHECK_OF(name, condition)                                                            \
    do {                                                                                     \
        checks_made++;                                                                       \
        if (!(condition)) {                                                                  \
            checks_failed++;                                                                 \
            printf("%s:%d: %s: does not hold: %s\n", __FILE__, __LINE__, (name), #condition); \
        }                                                                                    \
    } while (0)

void test_vectors(void);
void test_decoder(void);
void test_queue(void);
void test_sender(void);
void test_sensors(void);
void test_limits(void);

#endif
