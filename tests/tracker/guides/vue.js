// A small application; `signUp` is the guide's.
import { createApp, h } from 'vue';
import { createRouter, createWebHashHistory, createWebHistory, RouterLink, RouterView } from 'vue-router';

function signUp() {
  /* button */ /* end */
}

const page = (text) => ({ render: () => h('h1', text) });
const link = (to, text) => h(RouterLink, { to }, () => text);
const router = createRouter({
  history: document.querySelector('[data-hash]') ? createWebHashHistory() : createWebHistory(),
  routes: [
    { path: '/', component: page('Home') },
    { path: '/one', component: page('First') },
    { path: '/two', component: page('Second') },
    { path: '/account', component: page('Account') },
  ],
});
router.beforeEach((to) => (to.path === '/account' ? '/one' : true));
createApp({
  render: () => [
    link('/one', 'One'),
    link('/two', 'Two'),
    link('/account', 'Account'),
    h('button', { onClick: signUp }, 'Sign up'),
    h(RouterView),
  ],
})
  .use(router)
  .mount('#app');
