// The viewer as people use it: refused, buys, sees; by mouse and by keyboard; nothing leaves the machine.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { makeKey, sthenoJson } from './command.mjs'
import { sell } from './goods.mjs'
import { BROWSER, DIST, HERE, ROOT, VIEWER } from './places.mjs'
import { PageServer } from './servers.mjs'
import { Stage, faultsOf } from './stage.mjs'

const SECONDS = 12
const PICTURES = process.env.STHENO_SCREENSHOTS === '1'
const TABLE = 'station,depth (m),temperature (°C),note\nA1,5,12.5,"cold, windy"\nB2,5,14.1,"buoy said ""calm"""\nC3,10,11.8,\nD4,20,9.6,雾\n'

let stage
let server
let made
before(async () => {
  stage = await Stage.set()
  const { serve } = await import(join(VIEWER, 'serve.mjs'))
  server = await serve({ port: 0, network: stage.devnet.networkPath, stheno: DIST })
  stage.atEnd(() => server.close())
  made = await media()
})
after(() => stage?.end())

/** A picture and a film, made by the browser. */
async function media () {
  const { storage } = stage
  const studio = await PageServer.start({ '/': join(HERE, 'pages') }, { csp: null })
  const page = await stage.browser.newPage()
  await page.goto(`${studio.origin}/bench.html`)
  await page.evaluate(async ([film, picture, seconds]) => {
    const { film: make } = await import('./film.js')
    await fetch(film, { method: 'PUT', body: await make({ seconds, width: 480, height: 270, rate: 6, bitrate: 5_000_000 }) })
    const canvas = new OffscreenCanvas(900, 540)
    const context = canvas.getContext('2d')
    const sky = context.createLinearGradient(0, 0, 0, 540)
    for (const [at, colour] of [[0, '#123a6b'], [0.55, '#e7a35c'], [0.56, '#0e4a5c'], [1, '#04202c']]) sky.addColorStop(at, colour)
    context.fillStyle = sky
    context.fillRect(0, 0, 900, 540)
    context.fillStyle = '#fbe3a4'
    context.beginPath()
    context.arc(620, 250, 46, 0, 7)
    context.fill()
    await fetch(picture, { method: 'PUT', body: await canvas.convertToBlob() })
  }, [storage.url('film'), storage.url('picture'), SECONDS])
  await page.close()
  await studio.stop()
  return { film: storage.bytes('film'), picture: storage.bytes('picture') }
}

/** Encrypts with the command; the envelope's address. */
async function seal (name, plain, ...more) {
  const { devnet, storage } = stage
  storage.put('plain', plain)
  await sthenoJson(['encrypt', storage.path('plain'), '--policy', devnet.description.policy, '--network', devnet.networkPath, '-o', storage.path(`${name}.fee`), '--force', ...more])
  return storage.url(`${name}.fee`)
}

/** The viewer in a page of its own; `work(page)`; and then nothing may have gone wrong. */
async function viewing (wallet, { theme = 'light', lang = 'en', link } = {}, work) {
  const context = await stage.browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true })
  if (wallet) await wallet.inject(context)
  await context.addInitScript(() => {
    delete window.showSaveFilePicker
    window.violations = []
    addEventListener('securitypolicyviolation', event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const faults = faultsOf(page)
  try {
    await page.goto(`${server.url}?theme=${theme}&lang=${lang}${link ? `#${encodeURIComponent(link)}` : ''}`)
    await work(page)
    // What sandboxed HTML tried to do is blocked and told; everything else would be the viewer's own fault.
    assert.deepEqual(page.mayViolate ? [] : await page.evaluate(() => window.violations), [])
    assert.deepEqual(page.mayViolate ? faults.filter(fault => /asked/.test(fault)) : faults, [])
  } finally {
    await context.close()
  }
}

const state = (page, ...wanted) => page.waitForFunction(wanted => wanted.includes(document.body.dataset.state), wanted).catch(async () => {
  const [is, text] = await page.evaluate(() => [document.body.dataset.state, document.querySelector('main').innerText])
  assert.fail(`wanted ${wanted}, is ${is}: ${text}`)
})

/** Opens what is given: from "inspected" on. */
async function open (page) {
  await state(page, 'inspected')
  await page.click('#open')
  await state(page, 'open')
  return page.getAttribute('#content', 'data-kind')
}

async function picture (page, name) {
  if (!PICTURES) return
  mkdirSync(join(VIEWER, 'screenshots'), { recursive: true })
  await page.evaluate(() => scrollTo(0, 0))
  await page.screenshot({ path: join(VIEWER, 'screenshots', `${name}.png`), animations: 'disabled' })
}

const reader = () => stage.wallet(stage.devnet.keyOf('reader'))

test('refused in words, bought, seen: two signatures, and after a reload none', async () => {
  const { url } = await sell(stage, 'sunset.png', made.picture, { price: '0.5fil', title: 'A sunset' })
  const wallet = stage.wallet(await stage.devnet.newKey())
  await viewing(wallet, { link: url }, async page => {
    await state(page, 'inspected')
    await picture(page, 'inspected-light')
    await page.click('#open')
    await state(page, 'for-sale')
    const reasons = page.locator('[data-testid=reason]')
    assert.ok(await reasons.count() > 0)
    assert.ok((await reasons.first().innerText()).length > 20)
    assert.equal(await page.locator('[data-testid=deal-title]').innerText(), 'A sunset')
    assert.match(await page.locator('[data-testid=deal-price]').innerText(), /0\.5\s*FIL/i)
    assert.equal(await page.evaluate(() => document.querySelector('#refusal').contains(document.activeElement)), true)
    await picture(page, 'for-sale-light')
    assert.deepEqual([wallet.asked.messages, wallet.asked.transactions], [1, 0])
    await page.click('#buy')
    await state(page, 'open')
    assert.equal(await page.getAttribute('#content', 'data-kind'), 'image')
    await page.waitForFunction(() => document.querySelector('#content img')?.naturalWidth === 900)
    assert.deepEqual([wallet.asked.messages, wallet.asked.transactions, wallet.asked.typedData], [1, 1, 0])
    await picture(page, 'image-light')

    wallet.forget()
    await page.reload()
    assert.equal(await open(page), 'image')
    assert.equal(wallet.signatures, 0)
  })
})

test('licence is shown before it is accepted', async () => {
  const licence = '<b>For reading</b>, not for selling.'
  const { url } = await sell(stage, 'licensed.png', made.picture, { licence })
  const wallet = stage.wallet(await stage.devnet.newKey())
  await viewing(wallet, { link: url }, async page => {
    await state(page, 'inspected')
    await page.click('#open')
    await state(page, 'for-sale')
    const give = text => page.setInputFiles('#licence-file', { name: 'licence.txt', mimeType: 'text/plain', buffer: Buffer.from(text) })
    assert.equal(await page.isVisible('#buy'), false)
    await give('another')
    await page.waitForSelector('#licence-other', { state: 'visible' })
    assert.equal(await page.isVisible('#buy'), false)
    await give(licence)
    await page.waitForSelector('#buy', { state: 'visible' })
    assert.equal(await page.isVisible('#licence-other'), false)
    assert.equal(await page.locator('#licence-text').innerText(), licence)
    await page.click('#buy')
    await state(page, 'open')
    assert.deepEqual([wallet.asked.transactions, wallet.asked.typedData], [1, 1])
  })
})

test('the same in the dark, and in 中文', async () => {
  const { url } = await sell(stage, 'dusk.png', made.picture, { price: '5usdfc', title: 'Dusk' })
  for (const [theme, lang, name] of [['dark', 'en', 'for-sale-dark'], ['light', 'zh', 'for-sale-zh-light']]) {
    await viewing(stage.wallet(await stage.devnet.newKey()), { theme, lang, link: url }, async page => {
      await state(page, 'inspected')
      await page.click('#open')
      await state(page, 'for-sale')
      assert.equal(await page.getAttribute('html', 'data-theme'), theme)
      assert.equal(await page.getAttribute('html', 'lang'), lang === 'zh' ? 'zh-Hans' : 'en')
      if (lang === 'zh') assert.match(await page.locator('#refusal').innerText(), /[\u4e00-\u9fff]/)
      await picture(page, name)
    })
  }
})

test('conditions, what was found and what would help are said in 中文, and again in English', async () => {
  const key = await makeKey(stage.storage.path('key of one'))
  const url = await seal('only.txt', 'for pass holders', '--also-to', key.public)
  await viewing(stage.wallet(await stage.devnet.newKey()), { link: url, lang: 'zh' }, async page => {
    await state(page, 'inspected')
    const condition = page.locator('[data-testid=conditions] bdi').first()
    assert.match(await condition.innerText(), /^持有链 \d+ 上的 ERC-721 代币 0x[0-9a-fA-F]{40}至少 1$/)
    assert.equal(await condition.getAttribute('lang'), null)
    // All of what it is, but for names, digests and the policy's own text.
    const facts = await page.locator('#facts').innerText()
    assert.match(facts, /持有加密时指定的 X25519 密钥的人/)
    assert.doesNotMatch(facts, /holder|whoever|condition/)
    await page.click('#open')
    await state(page, 'refused')
    const said = async () => (await page.locator('[data-testid=reason]').allInnerTexts()).join('\n')
    const words = await said()
    assert.match(words, /余额为 0/)
    assert.match(words, /比现在多 1/)
    assert.doesNotMatch(words, /balance|holds|hold at least/)
    await page.click('#lang')
    assert.match(await said(), /holds at least 1 of ERC-721[^]*balance 0[^]*hold at least 1/)
    assert.match(await condition.innerText(), /^holds at least 1 of ERC-721 /)
    assert.equal(await condition.getAttribute('lang'), 'en')
  })
})

test('every policy of the cookbook is said in 中文, whole', async () => {
  const { conditionZh } = await import(join(VIEWER, 'text/conditions-zh.js'))
  const { Policy } = await import(join(DIST, 'index.js'))
  const folder = join(ROOT, 'examples/policies')
  const names = readdirSync(folder).filter(name => name.endsWith('.json'))
  assert.ok(names.length > 10, names.join())
  for (const name of names) {
    const policy = await Policy.parse(readFileSync(join(folder, name), 'utf8'))
    for (const line of policy.describe().split('\n').filter(Boolean)) {
      assert.match(conditionZh(line.trim()) ?? '', /[\u4e00-\u9fff]/, `${name}: ${line}`)
    }
  }
})

test('no text in a policy passes for another part of its condition', async () => {
  const { conditionZh } = await import(join(VIEWER, 'text/conditions-zh.js'))
  const [one, other] = ['11', '22'].map(byte => `0x${byte.repeat(20)}`)
  const call = (text, operand) => `f(${text}) of ${one} on chain 314 is ${operand}`
  const named = text => conditionZh(text)?.match(/^链 (\d+) 上 (0x\w+) 的 f/)?.slice(1)
  assert.deepEqual(named(call('7', '5')), ['314', one])
  for (const text of [`") of ${other} on chain 1 is 5"`, `"\\") of ${other} on chain 1 is \\""`, `"a", ") of ${other} on chain 1 is at least 2"`]) {
    assert.deepEqual(named(call(text, '5')), ['314', one], text)
    assert.deepEqual(named(call('7', text)), ['314', one], text)
  }
  // Cut short, or with a quote that does not close, they stay as they are.
  for (const text of [`"aaa…`, `"aaa`, `"aaa…) of ${other} on chain 1 is "x`]) assert.equal(conditionZh(call(text, '5')), undefined, text)
  assert.equal(conditionZh(`is the account ${one}, or anybody`), undefined)
})

test('who is refused and cannot buy is told why', async () => {
  const url = await seal('secret.txt', 'for pass holders')
  await viewing(stage.wallet(await stage.devnet.newKey()), { link: url }, async page => {
    await state(page, 'inspected')
    await page.click('#open')
    await state(page, 'refused')
    assert.match(await page.locator('#refusal').innerText(), /ERC-721/)
    assert.equal(await page.isVisible('#deal'), false)
    await picture(page, 'refused-light')
  })
})

test('text and tables are shown as they are, in the light and in the dark', async () => {
  const text = '<b>not bold</b> & 信\n'
  const [textUrl, tableUrl] = [await seal('письмо 信.txt', text), await seal('ocean.csv', TABLE)]
  await viewing(reader(), { link: textUrl }, async page => {
    assert.equal(await open(page), 'text')
    assert.equal(await page.locator('#content pre').textContent(), text)
    assert.match(await page.locator('[data-testid=content-name]').innerText(), /письмо 信\.txt/)
    assert.equal(await page.locator('#content b').count(), 0)
  })
  for (const theme of ['light', 'dark']) {
    await viewing(reader(), { link: tableUrl, theme }, async page => {
      assert.equal(await open(page), 'csv')
      const cells = await page.locator('#content table tr').evaluateAll(rows => rows.map(row => [...row.cells].map(cell => cell.textContent)))
      assert.deepEqual(cells[0].slice(-4), ['station', 'depth (m)', 'temperature (°C)', 'note'])
      assert.deepEqual(cells[2].slice(-4), ['B2', '5', '14.1', 'buoy said "calm"'])
      assert.deepEqual(cells[4].slice(-4), ['D4', '20', '9.6', '雾'])
      await picture(page, `table-${theme}`)
    })
  }
})

test('film seeks: the right picture, by Range requests, and not the whole file', async () => {
  const { storage } = stage
  const url = await seal('film.webm', made.film)
  const { colourAt } = await import('./pages/film.js')
  await viewing(reader(), { link: url, theme: 'dark' }, async page => {
    assert.equal(await open(page), 'video')
    await page.waitForFunction(() => document.querySelector('#content video')?.readyState >= 1)
    assert.ok(Math.abs(await page.evaluate(() => document.querySelector('#content video').duration) - SECONDS) < 0.5)
    for (const at of [10.5, 2.5, 7.5]) {
      const before = storage.asked('film.webm.fee').length
      const colour = await page.evaluate(async at => {
        const video = document.querySelector('#content video')
        video.muted = true
        const seeked = new Promise(resolve => video.addEventListener('seeked', resolve, { once: true }))
        video.currentTime = at
        await seeked
        const context = new OffscreenCanvas(480, 270).getContext('2d')
        context.drawImage(video, 0, 0, 480, 270)
        return [video.currentTime, ...context.getImageData(400, 60, 1, 1).data]
      }, at)
      assert.equal(colour[0], at)
      const distance = second => colourAt(second).reduce((sum, value, i) => sum + Math.abs(value - colour[i + 1]), 0)
      const nearest = [...Array(7).keys()].sort((a, b) => distance(a) - distance(b))[0]
      assert.equal(nearest, Math.floor(at) % 7, `at ${at} s: ${colour.slice(1)}`)
      if (at === 10.5) {
        const asked = storage.asked('film.webm.fee').slice(before)
        assert.ok(asked.length > 0 && asked.every(({ status, range }) => status === 206 && range), JSON.stringify(asked))
        const furthest = Math.max(...asked.map(({ range }) => Number(/bytes=(\d+)/.exec(range)[1])))
        assert.ok(furthest > made.film.length / 2, `${furthest} of ${made.film.length}`)
      }
      if (at === 7.5) await picture(page, 'film-dark')
    }
  })
})

test('download is the plaintext under its name', { skip: BROWSER !== 'chromium' && `${BROWSER} tells a test of no downloads` }, async () => {
  const url = await seal('film.webm', made.film)
  await viewing(reader(), { link: url }, async page => {
    await open(page)
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
    assert.equal(download.suggestedFilename(), 'film.webm')
    assert.ok(readFileSync(await download.path()).equals(made.film))
  })
})

test('opened HTML is shown, runs nothing and asks for nothing', async () => {
  const { storage } = stage
  const evil = storage.url('evil')
  storage.put('evil', 'x')
  const html = `<!doctype html><title>t</title><link rel=stylesheet href="${evil}"><h1>Hello 你好</h1><img src="${evil}" onerror="parent.harmed = 1"><script>parent.harmed = 1; fetch('${evil}')</script><svg onload="parent.harmed = 1"></svg><iframe src="${evil}"></iframe><form action="${evil}"><button>go</button></form><meta http-equiv=refresh content="0;url=${evil}"><a href="javascript:parent.harmed=1">js</a>`
  const url = await seal('page.html', html)
  await viewing(reader(), { link: url }, async page => {
    page.mayViolate = true
    assert.equal(await open(page), 'html')
    const frame = await (await page.waitForSelector('#content iframe[sandbox]')).contentFrame()
    await frame.waitForSelector('h1')
    assert.equal(await frame.textContent('h1'), 'Hello 你好')
    assert.doesNotMatch(await page.getAttribute('#content iframe', 'sandbox'), /allow-scripts|allow-same-origin|allow-top/)
    await page.waitForTimeout(500)
    assert.equal(await page.evaluate(() => window.harmed), undefined)
    assert.deepEqual(storage.asked('evil'), [])
  })
})

test('names that look like markup are text', async () => {
  const name = '<img src=x onerror=window.harmed=1>"\'&信.txt'
  const url = stage.storage.url('plain name.txt.fee')
  const key = await makeKey(stage.storage.path('own key'))
  await stage.in(undefined, page => page.evaluate(async ([key, url, name]) => {
    await put(url, await new Response((await stheno.encryptToKeys(new TextEncoder().encode('text'), [key.public], { metadata: { name, type: 'text/plain' } })).stream).blob())
  }, [key, url, name]))
  await viewing(undefined, { link: url }, async page => {
    await state(page, 'inspected')
    await page.fill('#key', key.secret)
    await page.click('#open-with-key')
    await state(page, 'open')
    assert.ok((await page.locator('[data-testid=content-name]').textContent()).includes(name))
    assert.equal(await page.evaluate(() => window.harmed), undefined)
    assert.equal(await page.locator('#content img').count(), 0)
    assert.ok(!(await page.content()).includes(key.secret.slice(20)))
  })
})

test('faults are told by their code: no envelope, nothing there, wallet that rejects, wrong chain', async () => {
  const { storage } = stage
  storage.put('none.fee', 'this is not an envelope, and nobody said that it is one')
  const url = await seal('a.txt', 'text')
  for (const [link, code] of [[storage.url('none.fee'), 'bad_envelope'], [storage.url('a.txt.fee', 'no-cors'), 'source_unreachable'], ['stheno:nonsense', 'bad_link']]) {
    await viewing(undefined, { link }, async page => {
      await state(page, 'error')
      assert.equal(await page.getAttribute('#problem', 'data-code'), code)
      assert.ok((await page.locator('[data-testid=problem-hint]').innerText()).length > 10)
    }).catch(error => { throw new Error(`${link}: ${error.message}`, { cause: error }) })
  }
  const wallet = reader()
  wallet.refuses.add('personal_sign')
  await viewing(wallet, { link: url }, async page => {
    await state(page, 'inspected')
    await page.click('#open')
    await state(page, 'error')
    assert.equal(await page.getAttribute('#problem', 'data-code'), 'wallet_rejected')
    wallet.refuses.clear()
    await wallet.goTo(314)
    await page.waitForSelector('#wrong-chain:visible')
    await page.click('#switch-chain')
    await page.waitForSelector('#wrong-chain', { state: 'hidden' })
    assert.equal(wallet.chainId, stage.devnet.chainId)
  })
})

test('keyboard is enough', async () => {
  const url = await seal('a.txt', 'by keyboard')
  await viewing(reader(), {}, async page => {
    await state(page, 'idle')
    const tabTo = async selector => {
      for (let presses = 0; presses < 40; presses++) {
        if (await page.evaluate(selector => document.activeElement?.matches(selector), selector)) return
        await page.keyboard.press('Tab')
      }
      assert.fail(`${selector} is not reached by Tab`)
    }
    await tabTo('#link')
    await page.keyboard.insertText(url)
    await page.keyboard.press('Enter')
    await state(page, 'inspected')
    await tabTo('#open')
    await page.keyboard.press('Enter')
    await state(page, 'open')
    assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'content-name')
    await tabTo('#close')
    await page.keyboard.press('Space')
    await state(page, 'inspected')
  })
})

test('everything that can be pressed has a name, and the page its language', async () => {
  const url = await seal('a.txt', 'text')
  await viewing(reader(), { link: url }, async page => {
    for (const step of ['inspected', 'open']) {
      if (step === 'open') await open(page)
      else await state(page, step)
      const faults = await page.evaluate(() => {
        const faults = []
        const name = element => [element.getAttribute('aria-label'), ...(element.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent), ...[...(element.labels ?? [])].map(label => label.textContent), element.alt, element.title, /^(BUTTON|A|SUMMARY)$/.test(element.tagName) ? element.textContent : ''].some(text => text?.trim())
        for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary, img, video, audio, iframe, progress')) if (element.checkVisibility() && !name(element)) faults.push(element.outerHTML.slice(0, 100))
        const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
        for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) faults.push(`twice: #${id}`)
        for (const element of document.querySelectorAll('[aria-labelledby]')) for (const id of element.getAttribute('aria-labelledby').split(' ')) if (!document.getElementById(id)) faults.push(`nowhere: #${id}`)
        if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1')
        if (!document.documentElement.lang || !document.title || !document.querySelector('main')) faults.push('no lang, title or main')
        if (!document.querySelector('[role=status], [aria-live]')) faults.push('nothing is announced')
        return faults
      })
      assert.deepEqual(faults, [], step)
    }
  })
})

test('folder that is sold is bought by its link, and its files are seen', async () => {
  const { link } = await sell(stage, 'ocean.csv', TABLE, { price: '0.25fil', title: 'Ocean' })
  await viewing(stage.wallet(await stage.devnet.newKey()), { link }, async page => {
    await state(page, 'inspected')
    await page.click('#open')
    await state(page, 'for-sale')
    await page.click('#buy')
    await state(page, 'folder')
    await page.click('[data-testid=entry]')
    await state(page, 'open')
    assert.equal(await page.getAttribute('#content', 'data-kind'), 'csv')
    await page.click('#back-to-folder')
    await state(page, 'folder')
  })
})

test('screenshots that the README shows are there', { skip: PICTURES && 'they are being made' }, () => {
  for (const name of ['for-sale-light', 'for-sale-dark', 'for-sale-zh-light', 'image-light', 'table-light', 'table-dark', 'film-dark']) {
    assert.ok(existsSync(join(VIEWER, 'screenshots', `${name}.png`)), `${name}.png; STHENO_SCREENSHOTS=1 makes it`)
  }
})
