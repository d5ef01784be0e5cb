// The page /redoc.

Redoc.init('/openapi.json', {}, document.getElementById('docs'));
