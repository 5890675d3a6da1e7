// The example for Kubernetes: what must hold together in it, since no cluster is here to run it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'

const file = fileURLToPath(new URL('../../../deploy/kubernetes-socketio.yaml', import.meta.url))

interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly annotations?: Readonly<Record<string, unknown>>; readonly name: string }
  readonly spec: unknown
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: unknown; readonly valueFrom?: unknown }[]
  readonly ports: readonly { readonly containerPort: number; readonly name: string }[]
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } }
}

interface DeploymentSpec {
  readonly replicas: number
  readonly selector: { readonly matchLabels: object }
  readonly template: {
    readonly metadata: { readonly labels: object }
    readonly spec: { readonly containers: readonly [Container]; readonly terminationGracePeriodSeconds: number }
  }
}

interface ServiceSpec {
  readonly ports: readonly [{ readonly name: string; readonly targetPort: string }]
  readonly selector: object
  readonly sessionAffinity: string
  readonly sessionAffinityConfig: { readonly clientIP: { readonly timeoutSeconds: number } }
}

interface Backend {
  readonly backend: { readonly service: { readonly name: string; readonly port: { readonly name: string } } }
  readonly path: string
  readonly pathType: string
}

interface IngressSpec {
  readonly rules: readonly [{ readonly host: string; readonly http: { readonly paths: readonly [Backend] } }]
  readonly tls: readonly [{ readonly hosts: readonly string[] }]
}

describe('the example for Kubernetes', () => {
  let resources: readonly Resource[]
  before(() => {
    const documents = parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true })
    assert.ok('length' in documents)
    for (const { errors, warnings } of documents) assert.deepEqual([...errors, ...warnings], [])
    resources = documents.map((document) => document.toJS() as Resource)
  })

  const find = (kind: string): Resource => {
    const found = resources.find((each) => each.kind === kind)
    assert.ok(found, kind)
    return found
  }

  test('it is a deployment, a service and an ingress, in versions that stay', () => {
    assert.deepEqual(
      resources.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
      ['apps/v1 Deployment', 'v1 Service', 'networking.k8s.io/v1 Ingress'],
    )
  })

  test('several pods share a Redis, and the address of that is a secret', () => {
    const { replicas, selector, template } = find('Deployment').spec as DeploymentSpec
    assert.ok(replicas > 1)
    assert.deepEqual(selector.matchLabels, template.metadata.labels)
    const [container] = template.spec.containers
    const redis = container.env.find(({ name }) => name === 'REDIS_URL')
    assert.deepEqual(redis?.valueFrom, { secretKeyRef: { key: 'url', name: 'chat-redis' } })
    const port = container.env.find(({ name }) => name === 'PORT')?.value
    // An unquoted number is refused for a variable.
    assert.equal(port, String(container.ports[0]!.containerPort))
    assert.equal(container.readinessProbe.httpGet.port, container.ports[0]!.name)
    assert.ok(template.spec.terminationGracePeriodSeconds > 15, 'preStop and app.close() have time')
  })

  test('the service finds the pods, and keeps clients apart by address', () => {
    const { ports, selector, sessionAffinity, sessionAffinityConfig } = find('Service').spec as ServiceSpec
    const { template } = find('Deployment').spec as DeploymentSpec
    assert.deepEqual(selector, template.metadata.labels)
    assert.equal(ports[0].targetPort, template.spec.containers[0].ports[0]!.name)
    assert.equal(sessionAffinity, 'ClientIP')
    const { timeoutSeconds } = sessionAffinityConfig.clientIP
    assert.ok(timeoutSeconds >= 60 && timeoutSeconds <= 86_400, 'from one poll to the next, and what Kubernetes takes')
  })

  test('the ingress leads to the service, and keeps clients apart by a cookie', () => {
    const ingress = find('Ingress')
    const { rules, tls } = ingress.spec as IngressSpec
    const service = find('Service')
    const [{ backend, path, pathType }] = rules[0].http.paths
    assert.deepEqual([path, pathType], ['/', 'Prefix'])
    assert.equal(backend.service.name, service.metadata.name)
    assert.equal(backend.service.port.name, (service.spec as ServiceSpec).ports[0].name)
    assert.deepEqual(tls[0].hosts, [rules[0].host])
    const annotations = ingress.metadata.annotations ?? {}
    const said = (name: string): unknown => annotations[`nginx.ingress.kubernetes.io/${name}`]
    assert.equal(said('affinity'), 'cookie')
    assert.equal(said('affinity-mode'), 'persistent')
    assert.equal(said('session-cookie-change-on-failure'), 'true')
    for (const name of ['proxy-read-timeout', 'proxy-send-timeout']) assert.ok(Number(said(name)) > 45, name)
    const traefik = service.metadata.annotations ?? {}
    assert.equal(traefik['traefik.ingress.kubernetes.io/service.sticky.cookie'], 'true')
  })

  test('annotations are texts, as Kubernetes wants them', () => {
    for (const { metadata } of resources) {
      for (const [name, value] of Object.entries(metadata.annotations ?? {})) assert.equal(typeof value, 'string', name)
    }
  })
})
