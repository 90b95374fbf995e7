// An OAuth server in memory, for the actuator's tests: `oauth_server.mjs PORT`. One client, `soc` with `secret`.
import { createRequire } from 'node:module'
const require = createRequire(process.cwd() + '/')
const { default: Provider } = await import(require.resolve('oidc-provider'))
const port = Number(process.argv[2])
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'soc', client_secret: 'secret', grant_types: ['client_credentials'],
    redirect_uris: [], response_types: [],
  }],
  features: {
    clientCredentials: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true },
    devInteractions: { enabled: false },
  },
})
provider.listen(port, '127.0.0.1', () => console.log('listening'))
