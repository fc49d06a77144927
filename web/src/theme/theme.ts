import {
  ActionIcon,
  Badge,
  Button,
  createTheme,
  Drawer,
  type MantineColorsTuple,
  Menu,
  Modal,
  MultiSelect,
  Notification,
  Select,
  Tabs,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { i18next } from '@/i18n';

// The one accent colour, a calm blue-green; shade 7 on white and shade 4 on
// the dark background have a contrast of at least 4.5:1.
const edge: MantineColorsTuple = [
  '#e8f7f9',
  '#d3ebef',
  '#a7d6de',
  '#77c1cd',
  '#50b0bf',
  '#37a5b6',
  '#2790a1',
  '#0b7285',
  '#085f70',
  '#00505f',
];

// The greys of the dark scheme, in the tone of the grounds of global.css.
const dark: MantineColorsTuple = [
  '#d5dee2',
  '#b1bec5',
  '#95a4ac',
  '#5f6f78',
  '#3d4b53',
  '#2a353c',
  '#1f292f',
  '#171f24',
  '#10161a',
  '#0b1013',
];

/** The name of a dialog's close button, in the language of the moment: read at each render. */
function closeButton() {
  return { 'aria-label': i18next.t('close') };
}

export const theme = createTheme({
  primaryColor: 'edge',
  primaryShade: { light: 7, dark: 7 },
  colors: { edge, dark },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "Noto Sans Mono", "Liberation Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.25rem', lineHeight: '1.75rem' },
      h2: { fontSize: '1rem', lineHeight: '1.5rem' },
      h3: { fontSize: '0.875rem', lineHeight: '1.25rem' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Badge: Badge.extend({ defaultProps: { radius: 'sm', variant: 'light' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'sm' } }),
    Textarea: Textarea.extend({ defaultProps: { size: 'sm', autosize: true, minRows: 2 } }),
    Select: Select.extend({ defaultProps: { size: 'sm' } }),
    MultiSelect: MultiSelect.extend({ defaultProps: { size: 'sm' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        transitionProps: { duration: 120 },
        get closeButtonProps() {
          return closeButton();
        },
      },
    }),
    Notification: Notification.extend({
      defaultProps: {
        get closeButtonProps() {
          return closeButton();
        },
      },
    }),
    Drawer: Drawer.extend({
      defaultProps: {
        transitionProps: { duration: 140 },
        get closeButtonProps() {
          return closeButton();
        },
      },
    }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', transitionProps: { duration: 80 } } }),
    Tabs: Tabs.extend({ defaultProps: { keepMounted: false } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: true } }),
  },
});
