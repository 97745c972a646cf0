// A logic analyser on UART6, QEMU's seventh -serial: "<µs since start> <what> <value>\n" for every edge, tone, frame and reset.
#ifndef ANJU_PROBE_H
#define ANJU_PROBE_H

#include <stdint.h>

void probe_init(void);

// Any event: `what` is a word.
void probe(const char *what, uint32_t value);

// An event of a pin: `what` is gpio or pwm, and the pin's name follows it.
void probe_pin(const char *what, unsigned pin, uint32_t value);

#endif
