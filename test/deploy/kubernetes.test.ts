// The manifests: Kubernetes's own schemas, and what must hold together in them, since no cluster is here to run them.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { missing, run } from '../interop/_programs.js'
import { notifyMissing } from '../lifecycle/_notified.js'
import { boundOf, timeOf } from './_bound.js'
import { deployed } from './_units.js'

const folder = deployed('kubernetes')
const files = readdirSync(folder)
  .sort()
  .map((name) => path.join(folder, name))

interface Resource<Spec = unknown> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly annotations?: Readonly<Record<string, unknown>>; readonly name: string }
  readonly spec: Spec
}

interface Probe {
  readonly failureThreshold: number
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly timeoutSeconds: number
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: unknown; readonly valueFrom?: unknown }[]
  readonly livenessProbe: Probe
  readonly ports: readonly [{ readonly containerPort: number; readonly name: string }]
  readonly readinessProbe: Probe
  readonly securityContext: object
  readonly startupProbe: Probe
}

interface PodSpec {
  readonly affinity: object
  readonly containers: readonly [Container]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly terminationGracePeriodSeconds: number
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: object } }[]
}

interface DeploymentSpec {
  readonly replicas: number
  readonly selector: { readonly matchLabels: object }
  readonly strategy: { readonly rollingUpdate: object }
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec }
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

const resources: readonly Resource[] = files.flatMap((file) => {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true })
  assert.ok('length' in documents)
  for (const { errors, warnings } of documents) assert.deepEqual([...errors, ...warnings], [], file)
  return documents.map((document) => document.toJS() as Resource)
})

function find<Spec>(kind: string): Resource<Spec> {
  const found = resources.find((each) => each.kind === kind)
  assert.ok(found, kind)
  return found as Resource<Spec>
}

describe('the schemas of Kubernetes', () => {
  // Where .ci/run puts it.
  const own = path.join(homedir(), '.local/share/kubernetes-validate/bin/kubernetes-validate')
  const program = existsSync(own) ? own : 'kubernetes-validate'

  // The oldest that it has, and the newest.
  for (const version of ['1.33', '1.37']) {
    test(`of ${version} take the manifests`, { skip: missing(program, '--version'), timeout: 60_000 }, async () => {
      const { status, stderr, stdout } = await run(program, ['--strict', '-k', `${version}.0`, ...files])
      assert.equal(status, 0, stdout + stderr)
      assert.equal((stdout + stderr).match(/ passed for resource /g)?.length, resources.length, stdout + stderr)
    })
  }
})

describe('the manifests', () => {
  const deployment = find<DeploymentSpec>('Deployment')
  const service = find<ServiceSpec>('Service')
  const { metadata, spec: pod } = deployment.spec.template
  const [container] = pod.containers
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))

  test('are of versions that stay', () => {
    assert.deepEqual(
      resources.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
      ['apps/v1 Deployment', 'networking.k8s.io/v1 Ingress', 'policy/v1 PodDisruptionBudget', 'v1 Service'],
    )
  })

  test('pods have more time to end than the app takes', { skip: notifyMissing, timeout: 60_000 }, async () => {
    const { REDIS_URL: _, ...own } = env
    const bound = await boundOf(own as Record<string, string>)
    const grace = pod.terminationGracePeriodSeconds * 1000
    assert.ok(grace > bound, `${grace} ms are more than ${bound} ms`)
    assert.ok(timeOf(String(env.DELAY)) > container.readinessProbe.periodSeconds * 1000, 'who asks /readyz has noticed')
  })

  test('probes ask what they should', () => {
    const { livenessProbe, readinessProbe, startupProbe } = container
    assert.deepEqual(
      [livenessProbe, readinessProbe, startupProbe].map(({ httpGet }) => httpGet.path),
      ['/healthz', '/readyz', '/startupz'],
    )
    for (const { httpGet, timeoutSeconds } of [livenessProbe, readinessProbe, startupProbe]) {
      assert.equal(httpGet.port, container.ports[0].name)
      assert.ok(timeoutSeconds > 2, 'longer than a check may take')
    }
  })

  test('a new pod is there before an old one goes, and pods are apart', () => {
    assert.deepEqual(deployment.spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 })
    for (const { labelSelector } of pod.topologySpreadConstraints)
      assert.deepEqual(labelSelector.matchLabels, metadata.labels)
    assert.match(JSON.stringify(pod.affinity), /"podAntiAffinity".*"kubernetes\.io\/hostname"/)
    const budget = find<{ readonly maxUnavailable: number; readonly selector: object }>('PodDisruptionBudget')
    assert.deepEqual(budget.spec, { maxUnavailable: 1, selector: deployment.spec.selector })
  })

  test('a pod may do no more than it must, as the user of the image', () => {
    const user = /^USER (\d+):(\d+)$/m.exec(readFileSync(deployed('Dockerfile'), 'utf8'))
    const { runAsGroup, runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext
    assert.deepEqual([String(runAsUser), String(runAsGroup)], user?.slice(1))
    assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: 'RuntimeDefault' }])
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    })
  })

  test('several pods share a Redis, and the address of that is a secret', () => {
    assert.ok(deployment.spec.replicas > 1)
    assert.deepEqual(deployment.spec.selector.matchLabels, metadata.labels)
    const redis = container.env.find(({ name }) => name === 'REDIS_URL')
    assert.deepEqual(redis?.valueFrom, { secretKeyRef: { key: 'url', name: 'service-redis' } })
    // An unquoted number is refused for a variable.
    assert.equal(env.PORT, String(container.ports[0].containerPort))
  })

  test('the service finds the pods, and keeps clients apart by address', () => {
    const { ports, selector, sessionAffinity, sessionAffinityConfig } = service.spec
    assert.deepEqual(selector, metadata.labels)
    assert.equal(ports[0].targetPort, container.ports[0].name)
    assert.equal(sessionAffinity, 'ClientIP')
    const { timeoutSeconds } = sessionAffinityConfig.clientIP
    assert.ok(timeoutSeconds >= 60 && timeoutSeconds <= 86_400, 'from one poll to the next, and what Kubernetes takes')
    const { annotations = {} } = service.metadata
    assert.equal(annotations['traefik.ingress.kubernetes.io/service.sticky.cookie'], 'true')
  })

  test('the ingress leads to the service, and keeps clients apart by a cookie', () => {
    const ingress = find<IngressSpec>('Ingress')
    const { rules, tls } = ingress.spec
    const [{ backend, path, pathType }] = rules[0].http.paths
    assert.deepEqual([path, pathType], ['/', 'Prefix'])
    assert.equal(backend.service.name, service.metadata.name)
    assert.equal(backend.service.port.name, service.spec.ports[0].name)
    assert.deepEqual(tls[0].hosts, [rules[0].host])
    const annotations = ingress.metadata.annotations ?? {}
    const said = (name: string): unknown => annotations[`nginx.ingress.kubernetes.io/${name}`]
    assert.equal(said('affinity'), 'cookie')
    assert.equal(said('affinity-mode'), 'persistent')
    assert.equal(said('session-cookie-change-on-failure'), 'true')
    for (const name of ['proxy-read-timeout', 'proxy-send-timeout']) assert.ok(Number(said(name)) > 50, name)
  })

  test('annotations are texts, as Kubernetes wants them', () => {
    for (const { metadata } of resources) {
      for (const [name, value] of Object.entries(metadata.annotations ?? {})) assert.equal(typeof value, 'string', name)
    }
  })
})
