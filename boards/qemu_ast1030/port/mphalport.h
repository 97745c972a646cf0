#ifndef ANJU_MPHALPORT_H
#define ANJU_MPHALPORT_H

#include "shared/runtime/interrupt_char.h"

#include "ast1030.h"
#include "clock.h"

#define MICROPY_BEGIN_ATOMIC_SECTION() interrupts_mask()
#define MICROPY_END_ATOMIC_SECTION(state) interrupts_restore(state)

// Soft timers are run by an interrupt, so whoever changes them keeps interrupts out.
#define MICROPY_PY_PENDSV_ENTER uint32_t atomic_state = interrupts_mask()
#define MICROPY_PY_PENDSV_EXIT interrupts_restore(atomic_state)

#define MICROPY_INTERNAL_WFE(TIMEOUT_MS) mp_hal_wait(TIMEOUT_MS)

// Sleep until something happens, or for some milliseconds (-1: without end).
void mp_hal_wait(uint32_t timeout_ms);

static inline mp_uint_t mp_hal_ticks_cpu(void) {
    return clock_us();
}

static inline uint64_t mp_hal_time_ns(void) {
    return clock_rtc_us() * 1000;
}

#endif
