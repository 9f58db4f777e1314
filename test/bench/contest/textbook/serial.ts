import { createCipheriv } from 'node:crypto';

export function serialOf(key: string, name: string): string {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return cipher.update(name, 'utf8', 'hex').toUpperCase() + cipher.final('hex').toUpperCase();
}
