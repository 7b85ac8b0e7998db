/* See README.md. */
#ifndef FREERTOS_TASK_H
#define FREERTOS_TASK_H

#include "freertos/FreeRTOS.h"

typedef struct task *TaskHandle_t;

BaseType_t xTaskCreate(void (*code)(void *), const char *name, uint32_t stack_bytes, void *context, UBaseType_t priority,
                       TaskHandle_t *created);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
void vTaskDelay(TickType_t ticks);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken);

#endif
