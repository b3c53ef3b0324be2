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

/** The process that a page runs in: the renderer with the most memory while nothing but it is open. */
export async function rendererOf (page) {
  const session = await page.context().browser()?.newBrowserCDPSession() ?? await page.context().newCDPSession(page)
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  return renderers.sort((a, b) => resident(b) - resident(a))[0]
}

/** Watches a process until `stop()`, which gives the most that it had. */
export function watch (pid, every = 50) {
  let most = resident(pid)
  const timer = setInterval(() => { most = Math.max(most, resident(pid)) }, every)
  return { stop: () => (clearInterval(timer), most) }
}
