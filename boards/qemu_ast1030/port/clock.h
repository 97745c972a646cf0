// Time, and what is to happen at a time. Nothing ticks: SysTick is set for whatever comes first.
#ifndef ANJU_CLOCK_H
#define ANJU_CLOCK_H

#include <stdint.h>

#include "ast1030.h"

// Written before each sleep while no line is busy, and read by nobody: where a debugger may stop the board. QEMU leaps over
// waiting there all the same; anywhere else, under -icount sleep=off, being stopped would itself make time leap.
#define CLOCK_RESTS REG32(0x000bff08)

#define NEVER (UINT64_MAX)

// One alarm for each part of the port that waits for a time; clock.c has the table of what they ring.
typedef enum {
    ALARM_WAIT,
    ALARM_SOFT_TIMER,
    ALARM_SERIAL,
    ALARM_GPIO,
    ALARM_COUNT,
} alarm_t;

void clock_init(void);

// Microseconds since the start.
uint64_t clock_us(void);

// Microseconds since 2000-01-01, or since power-on if nobody set it. A reset costs it up to 80 ms.
int64_t clock_rtc_us(void);
void clock_rtc_set(int64_t rtc_us);

// Ring once at a time (or at once if it has passed), replacing what was set; NEVER stops it. From interrupts as well.
void clock_alarm(alarm_t alarm, uint64_t at_us);

// To be called by an interrupt after which somebody who waits should look again.
void clock_notify(void);

// Sleep until an interrupt notifies, or until a time. An interrupt since the last call counts, and it may return early.
void clock_wait(uint64_t until_us);

#endif
