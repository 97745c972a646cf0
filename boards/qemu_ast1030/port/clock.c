#include <stdbool.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/softtimer.h"

#include "ast1030.h"
#include "clock.h"
#include "gpio.h"
#include "retained.h"
#include "serial.h"

// SysTick has 24 bits: at 200 MHz it reaches 83 ms. One interrupt every 80 ms also keeps the 32-bit microseconds from wrapping
// unseen.
#define LONGEST_TICK_US (80000)
#define TICKS_PER_US (CPU_HZ / 1000000)

// QEMU 7.2 with -icount sleep=off leaps to the tick that wakes the processor and on to the one behind it, before a single
// instruction runs. So the one behind it is to be this close.
#define AFTERTICK_US (2)
#define RELOAD_LOOKS (4)

static uint64_t elapsed_us;
static uint32_t last_count;
static uint64_t due_us[ALARM_COUNT];
static volatile bool notified;
static uint64_t rtc_at_us; // when retained->rtc_us was right

static void ring_soft_timer(uint64_t now_us) {
    soft_timer_handler();
    clock_notify();
}

static void ring_wait(uint64_t now_us) {
    clock_notify();
}

static void (*const ring[ALARM_COUNT])(uint64_t now_us) = {
    [ALARM_WAIT] = ring_wait,
    [ALARM_SOFT_TIMER] = ring_soft_timer,
    [ALARM_SERIAL] = serial_ring,
    [ALARM_GPIO] = gpio_ring,
};

uint64_t clock_us(void) {
    uint32_t state = interrupts_mask();
    uint32_t count = ~TIMER1_COUNT;
    elapsed_us += count - last_count;
    last_count = count;
    uint64_t now_us = elapsed_us;
    interrupts_restore(state);
    return now_us;
}

static void start_systick(uint32_t pause_us) {
    SYSTICK_CONTROL = 0;
    SYSTICK_RELOAD = pause_us * TICKS_PER_US - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = SYSTICK_RUN;
    if (retained_has_wall_time()) {
        return; // nothing leaps, and ticks this close would leave QEMU no time for the processor, busy as that may be
    }
    // The next reload value may be set once this one was taken.
    for (unsigned looks = 0; looks < RELOAD_LOOKS; looks++) {
        if (SYSTICK_VALUE > 1) {
            SYSTICK_RELOAD = AFTERTICK_US * TICKS_PER_US - 1;
            break;
        }
    }
}

static void set_systick(void) {
    uint64_t now_us = clock_us();
    uint64_t next_us = now_us + LONGEST_TICK_US;
    for (unsigned i = 0; i < ALARM_COUNT; i++) {
        next_us = MIN(next_us, due_us[i]);
    }
    start_systick(next_us > now_us ? next_us - now_us : 1);
}

void clock_alarm(alarm_t alarm, uint64_t at_us) {
    uint32_t state = interrupts_mask();
    due_us[alarm] = at_us;
    set_systick();
    interrupts_restore(state);
}

void SysTick_Handler(void) {
    SYSTICK_CONTROL = 0;
    SCB_INTERRUPT_STATE = SCB_UNPEND_SYSTICK;
    uint64_t now_us = clock_us();
    clock_rtc_set(clock_rtc_us());
    for (unsigned i = 0; i < ALARM_COUNT; i++) {
        if (due_us[i] <= now_us) {
            due_us[i] = NEVER;
            ring[i](now_us);
        }
    }
    set_systick();
}

int64_t clock_rtc_us(void) {
    return retained->rtc_us + (int64_t)(clock_us() - rtc_at_us);
}

void clock_rtc_set(int64_t rtc_us) {
    uint32_t state = interrupts_mask();
    rtc_at_us = clock_us();
    retained->rtc_us = rtc_us;
    interrupts_restore(state);
}

void clock_notify(void) {
    notified = true;
}

void clock_wait(uint64_t until_us) {
    clock_alarm(ALARM_WAIT, until_us);
    // Asleep with interrupts masked, so that none slips in between the look at the flag and the sleep.
    uint32_t state = interrupts_mask();
    if (!notified) {
        if (due_us[ALARM_SERIAL] == NEVER) {
            CLOCK_RESTS = 1;
        }
        __asm volatile ("wfi");
    }
    interrupts_restore(state);
    notified = false;
}

void clock_init(void) {
    for (unsigned i = 0; i < ALARM_COUNT; i++) {
        due_us[i] = NEVER;
    }
    TIMER1_RELOAD = UINT32_MAX;
    TIMER_CONTROL = TIMER1_ENABLE | TIMER1_EXTERNAL_CLOCK;
    last_count = ~TIMER1_COUNT;
    set_systick();
}

// What MicroPython asks of a port.

mp_uint_t mp_hal_ticks_us(void) {
    return clock_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return clock_us() / 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end_us = clock_us() + us;
    while (clock_us() < end_us) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end_us = clock_us() + (uint64_t)ms * 1000;
    while (clock_us() < end_us) {
        mp_event_handle_nowait();
        clock_wait(end_us);
    }
}

// Until ticks_ms() is so much further on, as where a tick every millisecond wakes the processor: who waits looks at that alone.
void mp_hal_wait(uint32_t timeout_ms) {
    clock_wait(timeout_ms == (uint32_t)-1 ? NEVER : (clock_us() / 1000 + timeout_ms) * 1000);
}

uint32_t soft_timer_get_ms(void) {
    return mp_hal_ticks_ms();
}

void soft_timer_schedule_at_ms(uint32_t ticks_ms) {
    uint64_t now_us = clock_us();
    int32_t ahead_ms = soft_timer_ticks_diff(ticks_ms, now_us / 1000);
    clock_alarm(ALARM_SOFT_TIMER, ahead_ms <= 0 ? now_us : (now_us / 1000 + ahead_ms) * 1000);
}
