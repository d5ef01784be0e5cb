// A small application; `Button` is the guide's.
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, createHashRouter, Link, Outlet, redirect } from 'react-router';
import { RouterProvider } from 'react-router/dom';

const Button = () => /* button */ null /* end */;

const Layout = () => (
  <>
    <Link to="/one">One</Link> <Link to="/two">Two</Link> <Link to="/account">Account</Link> <Button />
    <Outlet />
  </>
);

const children = [
  { index: true, element: <h1>Home</h1> },
  { path: 'one', element: <h1>First</h1> },
  { path: 'two', element: <h1>Second</h1> },
  { path: 'account', loader: () => redirect('/one') },
];
const make = document.querySelector('[data-hash]') ? createHashRouter : createBrowserRouter;
const router = make([{ path: '/', element: <Layout />, children }]);
createRoot(document.querySelector('#app')).render(h(RouterProvider, { router }));
