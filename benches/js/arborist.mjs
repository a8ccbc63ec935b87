// Times npm's own resolver: builds the ideal tree of one package.json against a registry on this machine, with every document already in
// memory, several times in one warm process. Prints one line: CPU milliseconds (median), how many packages stand in the tree, how many
// names they have.
//
// Where a tree takes more CPU time than it may, prints `limit` and ends: npm nests copies within copies, and around a cycle of packages
// that want each other in old versions it does so for a very long time, without ever letting a timer run.
//
// node arborist.mjs <folder of @npmcli/arborist> <problem.json> <empty folder> <rounds> <limit in seconds>

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const [arborist, file, path, rounds, limit] = process.argv.slice(2)
const Arborist = createRequire(import.meta.url)(arborist)
const { packuments, roots } = JSON.parse(readFileSync(file, 'utf8'))

const spent = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
// The end of what the build under way may take, in CPU seconds of this process; the first one reads all documents and may take more.
const end = new Float64Array(new SharedArrayBuffer(8))
const allow = factor => {
  end[0] = spent() + Number(limit) * factor
}
allow(4)
const watch = `
  const { writeSync } = require('node:fs')
  const end = require('node:worker_threads').workerData
  setInterval(() => {
    const { user, system } = process.cpuUsage()
    if ((user + system) / 1e6 < end[0]) return
    writeSync(1, 'limit')
    process.kill(process.pid, 'SIGKILL')
  }, 50)`
new Worker(watch, { eval: true, workerData: end })

const server = createServer((request, response) => {
  const document = packuments[decodeURIComponent(request.url.slice(1))]
  response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(document ?? {}))
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const registry = `http://127.0.0.1:${server.address().port}/`
writeFileSync(`${path}/package.json`, JSON.stringify({ name: 'request', version: '1.0.0', dependencies: roots }))

const packumentCache = new Map()
const build = () =>
  new Arborist({ path, registry, packumentCache, cache: `${path}/cache`, fetchRetries: 0 }).buildIdealTree({ update: true })

const tree = await build()
const times = []
const enough = spent() + Number(limit)
while (times.length < Number(rounds) && (times.length === 0 || spent() < enough)) {
  allow(1)
  const start = spent()
  await build()
  times.push((spent() - start) * 1000)
}
times.sort((one, other) => one - other)
const nodes = [...tree.inventory.values()].filter(node => !node.isRoot)
const names = new Set(nodes.map(node => node.packageName))
console.log(times[Math.floor(times.length / 2)], nodes.length, names.size)
process.exit(0)
