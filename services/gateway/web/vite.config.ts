import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const gateway = process.env['HALITE_GATEWAY'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2022', manifest: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 800 },
  server: { proxy: { '/api': { target: gateway, ws: true } } },
});
