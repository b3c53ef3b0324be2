// 条件的中文说法，由 SDK 与节点的英文说法得来。不认识的句子保持原样。
//
// Sentences are recognised whole or not at all. Texts of a policy stand in quotes and can hold anything, so that a
// call is only told where every quote is closed; what was cut short (…) is not.

const ADDRESS = '(0x[0-9a-fA-F]{40})';
const HEX = '(0x[0-9a-fA-F]+)';
const CHAIN = '(\\d+)';
const NUMBER = '(\\d+)';
const TIME = '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ|\\d+)';
/** A value as a policy has it: a number, an address, bytes, a placeholder. */
const VALUE = '([-:\\w]+)';
/** Which tokens: of which ids of which contract. */
const TOKENS = `(of (?:ids? (?:[-:\\w, ]+…?) of )?ERC-\\d+ 0x[0-9a-fA-F]{40} on chain \\d+)`;
const SUBSCRIPTION = `(subscription [-:\\w]+ of 0x[0-9a-fA-F]{40} on chain \\d+)`;
/** What stands between brackets, with every text in its quotes. */
const QUOTED = '((?:[^"…]|"(?:[^"\\\\…]|\\\\.)*")*?)';

const VERBS = {
  is: '为', 'is not': '不为', 'is less than': '小于', 'is at most': '不超过', 'is more than': '大于',
  'is at least': '不小于', 'is one of': '属于', 'is none of': '不属于', contains: '包含', 'does not contain': '不包含',
};

const sentence = (words, say) => [new RegExp(`^${words}$`), say];

function tokens(words) {
  const [, ids, standard, contract, chain] = /^of (?:ids? (.+) of )?ERC-(\d+) (\S+) on chain (\d+)$/.exec(words);
  return `链 ${chain} 上的 ERC-${standard} 代币 ${contract}${ids ? `（编号 ${ids}）` : ''}`;
}

function subscription(words) {
  const [, token, contract, chain] = /^subscription (\S+) of (\S+) on chain (\d+)$/.exec(words);
  return `链 ${chain} 上 ${contract} 的订阅 ${token}`;
}

const on = (chain) => (chain ? `（链 ${chain}）` : '');
const groupOf = (root, contract, chain) => (root ? `根为 ${root} 的群组` : `链 ${chain} 上 ${contract} 维护的群组`);
const GROUP = `(?:the group with the root ${HEX}|the group that ${ADDRESS} on chain ${CHAIN} keeps)`;
const BOUND = /, attribute (\d+) is (?:(at least|at most) )?(\d+)(?: to (\d+))?/g;

function bounds(words) {
  return [...words.matchAll(BOUND)].map(([, at, side, low, high]) => {
    if (high) return `，属性 ${at} 在 ${low} 与 ${high} 之间`;
    return `，属性 ${at} ${{ 'at least': '不小于', 'at most': '不超过' }[side] ?? '为'} ${low}`;
  }).join('');
}

const CALL = sentence(
  `(?:output ([\\d.]+) of )?(\\w+)\\(${QUOTED}\\) of ${ADDRESS} on chain ${CHAIN} (${Object.keys(VERBS).sort((a, b) => b.length - a.length).join('|')}) ([^…]+)`,
  (output, name, given, contract, chain, verb, operand) =>
    `链 ${chain} 上 ${contract} 的 ${name}(${given})${output ? ` 的第 ${output} 项输出` : ''}${VERBS[verb]} ${operand}`,
);

const CONDITIONS = [
  sentence(`holds at least ${NUMBER} ${TOKENS}`, (min, of) => `持有${tokens(of)}至少 ${min}`),
  sentence(`has a native balance of at least ${NUMBER} on chain ${CHAIN}`, (min, chain) => `链 ${chain} 上的原生代币余额至少为 ${min}`),
  sentence(`the block time on chain ${CHAIN} is from ${TIME} until before ${TIME}`, (chain, after, before) => `链 ${chain} 的区块时间不早于 ${after}，且早于 ${before}`),
  sentence(`the block time on chain ${CHAIN} is ${TIME} or later`, (chain, after) => `链 ${chain} 的区块时间不早于 ${after}`),
  sentence(`the block time on chain ${CHAIN} is before ${TIME}`, (chain, before) => `链 ${chain} 的区块时间早于 ${before}`),
  sentence(`the block time on chain ${CHAIN} is any time`, (chain) => `链 ${chain} 的区块时间不限`),
  sentence(`is the account ${ADDRESS}(?: on chain ${CHAIN})?`, (account, chain) => `是账户 ${account}${on(chain)}`),
  sentence(`is one of ${NUMBER} listed accounts(?: on chain ${CHAIN})?`, (count, chain) => `是列出的 ${count} 个账户之一${on(chain)}`),
  sentence(`is an account(?: on chain ${CHAIN})? of the list with the root ${HEX}, by the proof (:\\w+)`, (chain, root, proof) => `是根为 ${root} 的名单中的账户${on(chain)}，由证明 ${proof} 证实`),
  sentence(`owns ${SUBSCRIPTION}, which has not ended`, (of) => `拥有${subscription(of)}，且尚未到期`),
  sentence(
    `data set ${NUMBER} of ${ADDRESS} on chain ${CHAIN} is live(?:, proven within ${NUMBER} epochs)?(?:, and paid by rail ${NUMBER} of ${ADDRESS}, which draws ${ADDRESS} from ${ADDRESS})?`,
    (id, verifier, chain, epochs, rail, pay, token, payer) =>
      `链 ${chain} 上 ${verifier} 的数据集 ${id} 有效${epochs ? `，且在 ${epochs} 个 epoch 内有过证明` : ''}${rail ? `，并由 ${pay} 的支付通道 ${rail} 付费，从 ${payer} 扣取 ${token}` : ''}`,
  ),
  sentence(`${ADDRESS} on chain ${CHAIN} lets the reader read this item(?: for (:\\w+))?`, (registry, chain, name) => `链 ${chain} 上的 ${registry} 允许读者阅读此内容${name ? `（${name}）` : ''}`),
  sentence(`is a member of ${GROUP}, proven without saying who \\(([\\w-]+)\\)`, (root, contract, chain, circuit) => `是${groupOf(root, contract, chain)}的成员，证明时不透露身份（${circuit}）`),
  sentence(
    `holds a valid credential of ${GROUP}((?:${BOUND.source.replaceAll(/\((?!\?)/g, '(?:')})*), proven without saying who \\(([\\w-]+)\\)`,
    (root, contract, chain, limits, circuit) => `持有${groupOf(root, contract, chain)}签发的有效凭证${bounds(limits)}，证明时不透露身份（${circuit}）`,
  ),
  CALL,
];

const FOUND = [
  sentence(`balance ${NUMBER}`, (balance) => `余额为 ${balance}`),
  sentence(`block time ${TIME}`, (time) => `区块时间为 ${time}`),
  sentence(`account ${ADDRESS}`, (account) => `账户为 ${account}`),
  sentence(`owner ${ADDRESS}`, (owner) => `所有者为 ${owner}`),
  sentence(`runs until ${TIME}, block time ${TIME}`, (end, now) => `有效期至 ${end}，区块时间为 ${now}`),
  sentence('granted', () => '已获准'),
  sentence('not granted', () => '未获准'),
  sentence('returned ([^…]+)', (value) => `返回了 ${value}`),
  sentence('no account is given', () => '没有提供账户'),
  sentence('the call reverted', () => '调用被合约回退'),
  sentence('there is no contract at this address', () => '该地址没有合约'),
  sentence('the call ran out of gas', () => '调用耗尽了 gas'),
  sentence('the call returned nothing; is there a contract with this function\\?', () => '调用没有返回内容；那里有带此函数的合约吗？'),
  sentence('the chain could not be read: (.+)', (why) => `无法读取链上状态：${why}`),
  sentence(`the proof of account ${ADDRESS} (leads|does not lead) to the root`, (account, leads) => `账户 ${account} 的证明${leads === 'leads' ? '' : '不'}通向该根`),
  sentence(`the proof is of the root ${HEX}, which (is|is not) the group's`, (root, is) => `证明所依据的根 ${root} ${is === 'is' ? '是' : '不是'}群组的根`),
  sentence(`data set ${NUMBER} is (live|not live)`, (id, is) => `数据集 ${id} ${is === 'live' ? '有效' : '无效'}`),
  sentence('never proven', () => '从未证明'),
  sentence(`last proven in epoch ${NUMBER}, ${NUMBER} epochs ago`, (epoch, ago) => `最近一次证明在 epoch ${epoch}，即 ${ago} 个 epoch 之前`),
];

const REMEDIES = [
  sentence(`hold at least ${NUMBER} ${TOKENS}, ${NUMBER} more than now`, (min, of, more) => `持有${tokens(of)}至少 ${min}，比现在多 ${more}`),
  sentence(`hold less than ${NUMBER} ${TOKENS}`, (min, of) => `持有${tokens(of)}少于 ${min}`),
  sentence(`have a native balance of at least ${NUMBER} on chain ${CHAIN}, ${NUMBER} more than now`, (min, chain, more) => `链 ${chain} 上的原生代币余额达到 ${min}，比现在多 ${more}`),
  sentence(`have a native balance of less than ${NUMBER} on chain ${CHAIN}`, (min, chain) => `链 ${chain} 上的原生代币余额低于 ${min}`),
  sentence(`wait until ${TIME}`, (time) => `等到 ${time}`),
  sentence('the time is over, and no waiting brings it back', () => '时间已过，等待无济于事'),
  sentence('it holds from now on, and no waiting ends it', () => '条件从此一直成立，等待无济于事'),
  sentence('ask with an account', () => '用账户发出请求'),
  sentence(`ask with the account ${ADDRESS}`, (account) => `用账户 ${account} 发出请求`),
  sentence(`ask with one of the ${NUMBER} listed accounts`, (count) => `用列出的 ${count} 个账户之一发出请求`),
  sentence('ask with an account that is not listed', () => '用未列出的账户发出请求'),
  sentence(`ask with the account that owns ${VALUE}`, (token) => `用拥有 ${token} 的账户发出请求`),
  sentence(`ask with an account that does not own ${VALUE}`, (token) => `用不拥有 ${token} 的账户发出请求`),
  sentence(`ask with an account of the list, and send its own proof under this root as \`(:?\\w+)\``, (name) => `用名单中的账户发出请求，并以 \`${name}\` 附上它在此根下的证明`),
  sentence(`ask who keeps ${ADDRESS} on chain ${CHAIN} for a grant of this item`, (registry, chain) => `请维护链 ${chain} 上 ${registry} 的人准许您阅读此内容`),
  sentence(`the grant in ${ADDRESS} on chain ${CHAIN} must end`, (registry, chain) => `链 ${chain} 上 ${registry} 中的许可须终止`),
  sentence(`renew ${SUBSCRIPTION}`, (of) => `续订${subscription(of)}`),
  sentence('ask again once the chain can be read', () => '等链上状态可读取后再试'),
  sentence('the contract must answer as the policy says; tell who wrote the policy', () => '合约须按策略所写作答，请告知策略的作者'),
  sentence('ask without an account, with a proof', () => '不用账户，改用证明发出请求'),
  sentence('get the group as it is now, and prove again', () => '取得群组的最新内容，重新证明'),
  sentence('prove it for this very request, with your secret and the group as it is now', () => '用您的秘密与群组的最新内容，为这次请求作证明'),
  sentence('it must come so that (.+)', (call) => `须使${told(call, [CALL]) ?? call}`),
];

function told(text, sentences) {
  for (const [words, say] of sentences) {
    const found = words.exec(text);
    if (found) return say(...found.slice(1));
  }
  return undefined;
}

/** The same in Chinese, for a condition, what was found, what would help, or a line of a policy; nothing where it is not known. */
export function conditionZh(text) {
  const [, nots, rest] = /^((?:not: )*)(.*)$/s.exec(text);
  const not = '非：'.repeat(nots.length / 'not: '.length);
  const group = { 'all of these:': '以下全部满足：', 'any of these:': '以下任一满足：' }[rest];
  const least = /^at least (\d+) of these:$/.exec(rest);
  if (group) return not + group;
  if (least) return `${not}以下至少满足 ${least[1]} 项：`;
  const [, condition, tier] = /^(.*?)(?: \(at (\d+) confirmations\))?$/s.exec(rest);
  const words = told(condition, CONDITIONS) ?? (nots || tier ? undefined : told(rest, [...FOUND, ...REMEDIES]));
  return words && `${not}${words}${tier ? `（以 ${tier} 个确认为准）` : ''}`;
}
