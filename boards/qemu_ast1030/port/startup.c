// From the first instruction to main(), and what happens when the program can't go on.
#include <stdio.h>
#include <string.h>

#include "py/mphal.h"
#include "py/mpprint.h"

#include "ast1030.h"
#include "retained.h"
#include "startup.h"

extern uint32_t _stack_top;
extern uint8_t _data_start[], _data_end[], _data_load[], _bss_start[], _bss_end[];

int main(void);
void SysTick_Handler(void);
void GPIO_Handler(void);
void Console_Handler(void);
void UART1_Handler(void);
void UART2_Handler(void);
void UART3_Handler(void);
void UART4_Handler(void);

__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile ("ldr r0, =_stack_top\n mov sp, r0\n b startup_run");
}

__attribute__((used, noreturn)) void startup_run(void) {
    SCB_COPROCESSORS |= SCB_FPU_ON;
    memcpy(_data_start, _data_load, _data_end - _data_start);
    memset(_bss_start, 0, _bss_end - _bss_start);
    __asm volatile ("cpsie i" : : : "memory");
    main();
    startup_reset();
}

void startup_again(void) {
    interrupts_mask();
    SYSTICK_CONTROL = 0;
    SCB_INTERRUPT_STATE = SCB_UNPEND_SYSTICK;
    for (unsigned irq = 0; irq < IRQ_COUNT; irq += 32) {
        NVIC_DISABLE(irq) = ~0u;
        NVIC_UNPEND(irq) = ~0u;
    }
    Reset_Handler();
    __builtin_unreachable();
}

void startup_reset(void) {
    SCB_RESET = SCB_RESET_REQUEST;
    for (;;) {
    }
}

// Where it happened, for addr2line; then start again, because a node that stands still protects nobody.
__attribute__((used, noreturn)) void startup_fault(const uint32_t *frame) {
    mp_printf(&mp_plat_print, "\nfault at %08x, called from %08x\n", (unsigned)frame[6], (unsigned)frame[5]);
    retained_reset_cause(RESET_HARD);
    startup_reset();
}

__attribute__((naked)) void Fault_Handler(void) {
    __asm volatile ("mrs r0, msp\n b startup_fault");
}

#define DEVICE(irq) [16 + (irq)]

__attribute__((used, section(".vectors"))) static void *const vectors[16 + IRQ_COUNT] = {
    &_stack_top,
    Reset_Handler,
    [2 ... 14] = Fault_Handler,
    [15] = SysTick_Handler,
    [16 ... 16 + IRQ_COUNT - 1] = Fault_Handler,
    DEVICE(IRQ_UART5) = Console_Handler,
    DEVICE(IRQ_GPIO) = GPIO_Handler,
    DEVICE(IRQ_UART1) = UART1_Handler,
    DEVICE(IRQ_UART1 + 1) = UART2_Handler,
    DEVICE(IRQ_UART1 + 2) = UART3_Handler,
    DEVICE(IRQ_UART1 + 3) = UART4_Handler,
};
