// The frozen vectors of the repository, read by the package in the page.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { VECTORS } from './places.mjs'
import { Stage } from './stage.mjs'

let stage
before(async () => { stage = await Stage.set({ devnet: false }) })
after(() => stage?.end())

const vectors = name => JSON.parse(readFileSync(join(VECTORS, name), 'utf8'))

test('envelope with keys opens to the frozen plaintext', async () => {
  const frozen = vectors('fee/keys.json')
  await stage.in(undefined, async page => {
    const [text, kinds] = await page.evaluate(async frozen => {
      const file = await stheno.openWithKeys(bytesOf(frozen.envelope_hex), [frozen.reader_secret_text])
      return [new TextDecoder().decode(await file.bytes()), file.about.recipients.map(({ kind }) => kind)]
    }, frozen)
    assert.equal(text, frozen.plaintext)
    assert.deepEqual(kinds, ['x25519', 'aes256kw'])
  })
})

test('envelopes of the reference implementation are read as they were written', async () => {
  const { cases } = vectors('fee/cases.json')
  assert.equal(cases.length, 17)
  await stage.in(undefined, async page => {
    for (const { name, file, algorithm, chunk_size: chunk, plaintext_len: length, recipients } of cases) {
      const bytes = readFileSync(join(VECTORS, 'fee', file))
      const about = await page.evaluate(hex => stheno.inspect(bytesOf(hex)), bytes.toString('hex'))
      assert.equal(about.recipients.length, recipients.length, name)
      assert.equal(about.envelopeBytes, bytes.length, name)
      if (algorithm === -65793) {
        assert.equal(about.chunkSize, chunk ?? 1 << 18, name)
        assert.equal(about.plaintextBytes, length, name)
      }
      const refused = await page.evaluate(hex => failure(stheno.openWithKeys(bytesOf(hex), ['STHENO-SECRET-KEY-1WAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMHWAMSKUL762'])), bytes.toString('hex'))
      assert.equal(refused?.code, 'key_does_not_open', `${name}: ${JSON.stringify(refused)}`)
    }
  })
})

test('envelopes for a committee name it, its item and its policy', async () => {
  const cases = vectors('fee/threshold.json')
  await stage.in(undefined, async page => {
    for (const { name, cipher, envelope_hex: envelope, item_hex: item, network_id_hex: network, policy_is_hidden: hidden } of cases) {
      const about = await page.evaluate(hex => stheno.inspect(bytesOf(hex)), envelope)
      const [recipient] = about.recipients
      assert.equal(about.cipher, cipher, name)
      assert.equal(recipient.kind, 'committee', name)
      assert.equal(recipient.item, `0x${item}`, name)
      assert.equal(recipient.network, `0x${network}`, name)
      if (hidden) assert.equal(recipient.policy, undefined, name)
    }
  })
})

test('policies have the frozen digests, whatever way they came in', async () => {
  const { policies } = vectors('protocol-policies.json')
  assert.ok(policies.length >= 24)
  await stage.in(undefined, async page => {
    for (const { name, json, canonicalJson, cbor, digest } of policies) {
      const found = await page.evaluate(async ([json, cbor]) => {
        const policies = [await stheno.Policy.parse(json), await stheno.Policy.parse(JSON.stringify(json)), await stheno.Policy.fromCbor(bytesOf(cbor))]
        return policies.map(policy => ({ digest: policy.digest, json: policy.toJSON(), cbor: `0x${hexOf(policy.toCbor())}`, words: policy.describe().length > 0 }))
      }, [json, cbor])
      for (const policy of found) assert.deepEqual(policy, { digest, json: canonicalJson, cbor, words: true }, name)
    }
  })
})

test('piece CIDs are the frozen ones', async () => {
  const { cases } = vectors('piece-cid.json')
  await stage.in(undefined, async page => {
    for (const { name, payload_len: length, rule, piece_cid_v2: expected } of cases) {
      if (length > 1 << 22) continue
      const label = /"(.*)"/.exec(rule)[1]
      const found = await page.evaluate(async ([label, length]) => {
        const bytes = new Uint8Array(Math.ceil(length / 32) * 32)
        for (let i = 0; i * 32 < length; i++) {
          bytes.set(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${label}/${i}`))), i * 32)
        }
        return stheno.pieceCid(bytes.subarray(0, length))
      }, [label, length])
      assert.deepEqual(found, { pieceCid: expected, size: length }, name)
    }
  })
})
