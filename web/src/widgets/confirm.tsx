// Asking before something that cannot be undone, and offering undo after
// something that can.
import { Button, Group, Modal, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { i18next } from '@/i18n';

interface Question {
  title: string;
  body?: ReactNode;
  /** The word on the button that does it. */
  action: string;
  danger?: boolean;
}

type Ask = (q: Question) => Promise<boolean>;
const ConfirmContext = createContext<Ask>(() => Promise.resolve(false));

/** const confirm = useConfirm(); if (await confirm({...})) ... */
export function useConfirm(): Ask {
  return useContext(ConfirmContext);
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<Question & { answer: (yes: boolean) => void }>();
  const ask = useCallback<Ask>((q) => new Promise((answer) => setOpen({ ...q, answer })), []);
  const close = (yes: boolean) => {
    open?.answer(yes);
    setOpen(undefined);
  };
  return (
    <ConfirmContext value={ask}>
      {children}
      {open && <Dialog question={open} close={close} />}
    </ConfirmContext>
  );
}

function Dialog({ question, close }: { question: Question; close: (yes: boolean) => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={() => close(false)} title={question.title} role="alertdialog">
      {question.body && (
        <Text component="div" mb="md">
          {question.body}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={() => close(false)}>
          {t('cancel')}
        </Button>
        <Button color={question.danger ? 'red' : undefined} onClick={() => close(true)} data-autofocus>
          {question.action}
        </Button>
      </Group>
    </Modal>
  );
}

/** Says in the corner that something was done. */
export function say(message: string): void {
  notifications.show({ message, autoClose: 4000, withBorder: true });
}

/** Says that something failed, in the hub's words. */
export function sayError(error: unknown): void {
  notifications.show({
    title: i18next.t('error.action'),
    message: error instanceof Error ? error.message : String(error),
    color: 'red',
    autoClose: 10_000,
    withBorder: true,
  });
}

/** Says that something was done and offers to undo it for ten seconds. */
export function sayUndo(message: string, undo: () => Promise<unknown>): void {
  const id = notifications.show({
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <span>{message}</span>
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            notifications.hide(id);
            undo().then(() => say(i18next.t('undone')), sayError);
          }}
        >
          {i18next.t('undo')}
        </Button>
      </Group>
    ),
    autoClose: 10_000,
    withBorder: true,
  });
}
