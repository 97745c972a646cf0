// The AST1030 as far as QEMU's machine `ast1030-evb` models it and this board uses it. Addresses and bits are those of the
// device models in QEMU's hw/ tree; nothing here was measured on silicon.
#ifndef ANJU_AST1030_H
#define ANJU_AST1030_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))
#define BIT(n) (1u << (n))

#define CPU_HZ (200000000u)

// Interrupt numbers at the NVIC.
enum {
    IRQ_UART5 = 8,
    IRQ_GPIO = 11,
    IRQ_UART1 = 47, // UART1 to UART4 follow one another
    IRQ_COUNT = 64,
};

// Timer 1 counts down from its reload value; the external clock is 1 MHz.
#define TIMER1_COUNT REG32(0x7e782000)
#define TIMER1_RELOAD REG32(0x7e782004)
#define TIMER_CONTROL REG32(0x7e782030)
#define TIMER1_ENABLE BIT(0)
#define TIMER1_EXTERNAL_CLOCK BIT(1)

// UARTs: ns16550, one register every four bytes.
#define UART1_BASE (0x7e783000)
#define UART2_BASE (0x7e78d000)
#define UART3_BASE (0x7e78e000)
#define UART4_BASE (0x7e78f000)
#define UART5_BASE (0x7e784000) // QEMU's first serial line: the console
#define UART6_BASE (0x7e790000)
#define UART_DATA(base) REG32((base) + 0x00)
#define UART_INTERRUPTS(base) REG32((base) + 0x04)
#define UART_FIFO(base) REG32((base) + 0x08)
#define UART_LINE_CONTROL(base) REG32((base) + 0x0c)
#define UART_MODEM_CONTROL(base) REG32((base) + 0x10)
#define UART_LINE_STATUS(base) REG32((base) + 0x14)
#define UART_INTERRUPT_RX BIT(0)
#define UART_FIFO_ENABLE BIT(0)
#define UART_FIFO_INTERRUPT_AT_14 (3 << 6)
#define UART_8N1 (3)
#define UART_DIVISOR(base) UART_DATA(base) // while the line control has the bit below
#define UART_DIVISOR_ACCESS BIT(7)
#define UART_MODEM_OUT2 BIT(3) // lets the interrupt out
#define UART_RX_READY BIT(0)
#define UART_TX_EMPTY BIT(5)

#define WATCHDOG_RELOAD REG32(0x7e785004) // µs
#define WATCHDOG_RESTART REG32(0x7e785008)
#define WATCHDOG_CONTROL REG32(0x7e78500c)
#define WATCHDOG_MAGIC (0x4755)
#define WATCHDOG_1MHZ BIT(4)
#define WATCHDOG_RESETS BIT(1)
#define WATCHDOG_ENABLE BIT(0)

#define RANDOM_NUMBER REG32(0x7e6e2540)

// Flash controller, first chip: in user mode each access to the window is a transfer on the wire.
#define FLASH_CONFIG REG32(0x7e620000)
#define FLASH_CONFIG_WRITABLE BIT(16)
#define FLASH_CONTROL REG32(0x7e620010)
#define FLASH_CONTROL_USER (3)
#define FLASH_CONTROL_UNSELECT BIT(2)
#define FLASH_WINDOW (0x80000000)

// Cortex-M4.
#define SYSTICK_CONTROL REG32(0xe000e010)
#define SYSTICK_RELOAD REG32(0xe000e014)
#define SYSTICK_VALUE REG32(0xe000e018)
#define SYSTICK_RUN (7) // count the processor's clock, and interrupt
#define NVIC_ENABLE(irq) REG32(0xe000e100 + (irq) / 32 * 4)
#define NVIC_DISABLE(irq) REG32(0xe000e180 + (irq) / 32 * 4)
#define NVIC_UNPEND(irq) REG32(0xe000e280 + (irq) / 32 * 4)
#define SCB_INTERRUPT_STATE REG32(0xe000ed04)
#define SCB_UNPEND_SYSTICK BIT(25)
#define SCB_RESET REG32(0xe000ed0c)
#define SCB_RESET_REQUEST (0x05fa0004)
#define SCB_COPROCESSORS REG32(0xe000ed88)
#define SCB_FPU_ON (0xfu << 20)

static inline void irq_enable(unsigned irq) {
    NVIC_ENABLE(irq) = BIT(irq % 32);
}

static inline void irq_disable(unsigned irq) {
    NVIC_DISABLE(irq) = BIT(irq % 32);
}

// Everything waits from here until `interrupts_restore` with what this returned.
static inline uint32_t interrupts_mask(void) {
    uint32_t state;
    __asm volatile ("mrs %0, primask\n cpsid i" : "=r" (state) : : "memory");
    return state;
}

static inline void interrupts_restore(uint32_t state) {
    __asm volatile ("msr primask, %0" : : "r" (state) : "memory");
}

#endif
