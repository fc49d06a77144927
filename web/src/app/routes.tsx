import type { ComponentType } from 'react';
import { createBrowserRouter, type RouteObject } from 'react-router';
import { i18next } from '@/i18n';
import { NotFound, RouteError } from './fallbacks';
import { hiddenPlaces, places } from './nav';
import { Root } from './Root';
import { Shell, ShellSkeleton } from './Shell';

const modules = import.meta.glob<{ default: ComponentType }>('../pages/*/index.tsx');

let ready: Promise<void> = Promise.resolve();

/** Loads a page's code and its texts side by side, when it is first visited. */
function page(name: string): Pick<RouteObject, 'lazy'> | undefined {
  const load = modules[`../pages/${name}/index.tsx`];
  if (!load) return undefined;
  return {
    lazy: async () => {
      const [module] = await Promise.all([load(), ready.then(() => i18next.loadNamespaces(name))]);
      return { Component: module.default };
    },
  };
}

function route(name: string, path: string): RouteObject[] {
  const lazy = page(name);
  return lazy ? [{ ...lazy, path, errorElement: <RouteError /> }] : [];
}

/** Whether a page is part of this build. */
export function hasPage(name: string): boolean {
  return `../pages/${name}/index.tsx` in modules;
}

/** Makes the router; it begins to load the screen of the address at once. */
export function makeRouter(texts: Promise<void>) {
  ready = texts;
  return createBrowserRouter([
    {
      element: <Root />,
      errorElement: <RouteError />,
      HydrateFallback: ShellSkeleton,
      children: [
        ...route('login', '/login'),
        ...route('setup', '/setup'),
        {
          element: <Shell />,
          children: [
            ...[...places, ...hiddenPlaces].flatMap((p) => route(p.name, p.path)),
            { path: '*', element: <NotFound /> },
          ],
        },
      ],
    },
  ]);
}
