/* Runs every test; the exit code says whether all held, on a host and through semihosting alike. */
#include "check.h"

int checks_made;
int checks_failed;

int main(void)
{
    test_vectors();
    test_limits();
    test_decoder();
    test_queue();
    test_sender();
    test_sensors();
    printf("%d checks, %d failed\n", checks_made, checks_failed);
    return checks_failed != 0;
}
