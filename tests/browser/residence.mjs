// How much memory a process has: its proportional share of what is resident, as Linux counts it.
import { existsSync, readFileSync } from 'node:fs'

/** Whether that can be told here. */
export const KNOWN = existsSync('/proc/self/smaps_rollup')

/** Bytes; 0 when the process has ended. */
export function resident (pid) {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024
  } catch {
    return 0
  }
}

/** The process that a page runs in: the renderer whose time goes by while the page counts. */
export async function rendererOf (page) {
  const session = await page.context().browser().newBrowserCDPSession()
  const times = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
  }
  const before = await times()
  await page.evaluate(() => {
    const until = performance.now() + 400
    while (performance.now() < until);
  })
  const after = [...await times()].map(([id, time]) => [id, time - (before.get(id) ?? 0)])
  await session.detach()
  return after.sort(([, a], [, b]) => b - a)[0][0]
}

/** Watches a process until `stop()`, which gives the most that it had. */
export function watch (pid, every = 50) {
  let most = resident(pid)
  const timer = setInterval(() => { most = Math.max(most, resident(pid)) }, every)
  return { stop: () => (clearInterval(timer), most) }
}
